package import Base
import JSON

/// What is known of a base: a whole copy of a database as it was after one commit of a timeline. It is written when the copy is on
/// the disk, so that a copy without one is none.
///
/// On disk a line of JSON, and its SHA-256 in hexadecimal on a second line.
package struct BaseManifest: Sendable, Equatable {
  package var timeline: TimelineID
  /// The `service.name` of the contract.
  package var service: String
  /// The last commit of the timeline that is in it.
  package var commit: UInt64
  /// When that was how the database stood.
  package var time: Timestamp
  package var file: String
  package var bytes: Int64
  package var pageSize: Int
  package var digest: String
  /// Rows of each table, by its name.
  package var rows: [String: Int64]
  /// The version of Martlet that made it.
  package var version: String

  package init(
    timeline: TimelineID, service: String, commit: UInt64, time: Timestamp, file: String, bytes: Int64, pageSize: Int, digest: String,
    rows: [String: Int64], version: String
  ) {
    self.timeline = timeline
    self.service = service
    self.commit = commit
    self.time = time
    self.file = file
    self.bytes = bytes
    self.pageSize = pageSize
    self.digest = digest
    self.rows = rows
    self.version = version
  }

  private static let format: Int64 = 1
  /// A file with more is none of ours.
  static let bytesMax = 16 << 20

  package func encoded() -> [UInt8] {
    var tables = JSONObject()
    for (name, count) in rows.sorted(by: { $0.key < $1.key }) { tables.append(name, .integer(count)) }
    let value: JSONValue = [
      "format": .integer(BaseManifest.format), "timeline": .string(timeline.hexadecimal), "service": .string(service), "store": "sqlite",
      "commit": .integer(Int64(clamping: commit)), "time": .string(time.description), "file": .string(file), "bytes": .integer(bytes),
      "page_size": .integer(Int64(pageSize)), "sha256": .string(digest), "rows": .object(tables), "martlet": .string(version),
    ]
    return ProvenLine.encoded(value)
  }

  /// - Throws: what is wrong with the bytes, without the file's name.
  package init(_ bytes: [UInt8]) throws(BackupError) {
    let value = try ProvenLine.value(bytes)
    guard value["format"]?.integerValue == BaseManifest.format else {
      throw BackupError(.damaged, "it is of another version of Martlet, or no manifest")
    }
    guard let timeline = value["timeline"]?.stringValue.flatMap(TimelineID.init(hexadecimal:)), let service = value["service"]?.stringValue,
      let commit = value["commit"]?.integerValue.flatMap(UInt64.init(exactly:)),
      let time = value["time"]?.stringValue.flatMap({ Timestamp($0) }), let file = value["file"]?.stringValue, !file.contains("/"),
      let count = value["bytes"]?.integerValue, count > 0, let pageSize = value["page_size"]?.integerValue,
      PageSize.isValid(Int(clamping: pageSize)), let digest = value["sha256"]?.stringValue, let tables = value["rows"]?.objectValue
    else { throw BackupError(.damaged, "it lacks a part") }
    var rows: [String: Int64] = [:]
    for member in tables.members { rows[member.name] = member.value.integerValue }
    self.init(
      timeline: timeline, service: service, commit: commit, time: time, file: file, bytes: count, pageSize: Int(pageSize), digest: digest,
      rows: rows, version: value["martlet"]?.stringValue ?? "")
  }
}
