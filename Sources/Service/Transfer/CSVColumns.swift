import Base
import CSV
import Contract
import JSON
import Store

/// The columns of one resource as comma-separated values: each member's, of money two (`price.amount`, `price.currency`).
///
/// A value is written as JSON has it, texts without their quotes; `json` fields and lists are JSON text. What is null, or not
/// shown, is an empty cell; an empty text is `""`.
struct CSVColumns: Sendable {
  enum Part: Sendable {
    /// Texts, times, ids: a JSON string.
    case text
    /// Numbers and booleans.
    case plain
    /// Any JSON.
    case document
    case amount
    case currency
  }

  struct Column: Sendable {
    let member: String
    let part: Part

    var name: String {
      switch part {
      case .amount: member + ".amount"
      case .currency: member + ".currency"
      default: member
      }
    }
  }

  let columns: [Column]

  /// The columns of these members, in their order.
  init(_ fields: some Sequence<FieldLayout>) { columns = fields.flatMap(CSVColumns.columns) }

  static func columns(_ field: FieldLayout) -> [Column] {
    switch field.content {
    case .money: [Column(member: field.name, part: .amount), Column(member: field.name, part: .currency)]
    case .joined: [Column(member: field.name, part: .text)]
    case .scalar(let kind): [Column(member: field.name, part: part(kind))]
    }
  }

  private static func part(_ kind: ColumnKind) -> Part {
    switch kind {
    case .integer, .number, .boolean, .booleanAsTexts: .plain
    case .json: .document
    default: .text
    }
  }

  // MARK: Writing

  func appendHeader(to out: inout [UInt8]) {
    for (place, column) in columns.enumerated() {
      if place > 0 { out.append(UInt8(ascii: ",")) }
      CSVWriter.append(cell: Array(column.name.utf8)[...], to: &out)
    }
    CSVWriter.appendLineEnd(to: &out)
  }

  /// Appends a record, given as its JSON.
  func append(_ record: JSONNode, to out: inout [UInt8]) {
    for (place, column) in columns.enumerated() {
      if place > 0 { out.append(UInt8(ascii: ",")) }
      guard let member = record[column.member], !member.isNull else { continue }
      switch column.part {
      case .amount: append(cell: member["amount"], to: &out)
      case .currency: append(cell: member["currency"], to: &out)
      case .document: CSVWriter.append(cell: member.rawText, to: &out)
      case .text, .plain: append(cell: member, to: &out)
      }
    }
    CSVWriter.appendLineEnd(to: &out)
  }

  private func append(cell value: JSONNode?, to out: inout [UInt8]) {
    guard let value, !value.isNull else { return }
    if let text = value.stringValue { return CSVWriter.append(cell: Array(text.utf8)[...], to: &out) }
    CSVWriter.append(cell: value.rawText, to: &out)
  }
}
