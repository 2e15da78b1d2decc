import Base
import Contract
import JSON
import Store

/// What an event says of a record, under the names of its time, read by today's.
struct EventImage {
  private var members: [String: JSONNode] = [:]

  /// Deeper than any body may be: a column that others write too may hold more.
  private static let limits = JSONLimits(depthMax: 512)

  /// A text that is no JSON object (another program's doing) has no members.
  init(_ text: [UInt8]) {
    guard let root = try? JSONDocument.parse(text, limits: EventImage.limits).root else { return }
    for member in root.members { members[member.name] = member.value }
  }

  /// The value of a member; nil where the record had none of that name, nor of the one that it had before it was renamed.
  func value(of field: FieldLayout) -> JSONNode? { members[field.name] ?? field.field?.was.flatMap { members[$0] } }

  /// When the record that this is a state of was made, where the engine keeps that.
  var createdAt: Timestamp? { members["created_at"]?.stringValue.flatMap { Timestamp($0) } }

  /// Whether the record that this is a state of was deleted, where deleted records are kept.
  var isDeleted: Bool { members[Resource.deletedMember]?.isNull == false }

  /// The members at those places that are there, as one object.
  func append(_ table: TableLayout, places: [Int], to out: inout [UInt8]) {
    out.append(UInt8(ascii: "{"))
    var isFirst = true
    for place in places {
      guard let value = value(of: table.fields[place]) else { continue }
      if !isFirst { out.append(UInt8(ascii: ",")) }
      isFirst = false
      out.appendJSONKey(table.fields[place].name)
      out.append(contentsOf: value.rawText)
    }
    out.append(UInt8(ascii: "}"))
  }
}
