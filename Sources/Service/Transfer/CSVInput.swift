import Base
import CSV
import Contract
import JSON
import Store

/// The columns of a text that is imported, by its first line, and how its records become JSON.
struct CSVInput: Sendable {
  private enum Source: Sendable {
    case cell(Int, member: String, CSVColumns.Part)
    case money(member: String, amount: Int?, currency: Int?)
  }
  private var sources: [Source] = []
  let count: Int

  /// - Throws: 422 with everything that is wrong with the names: nothing can be read of such a text.
  init(header: CSVReader.Record, plan: ResourcePlan, facts: Facts) throws(Failure) {
    count = header.cellCount
    guard !header.isTooLong, header.keptCount == header.cellCount else {
      throw Failure.validation([.init(code: "csv", detail: "the first line is too long, or names too many columns")])
    }
    let visible = plan.visibility(facts).places
    let known = plan.table.fields.indices.filter { visible.contains($0) || plan.table.fields[$0].isSecret }.flatMap {
      CSVColumns.columns(plan.table.fields[$0])
    }
    var items: [Failure.Item] = []
    var seen: Set<String> = []
    var money: [String: Int] = [:]
    for place in 0..<header.keptCount {
      let name = header[place].flatMap { String(validating: $0, as: UTF8.self) } ?? ""
      guard let column = known.first(where: { $0.name == name }) else {
        let hint = Suggestion.question(name, in: known.map(\.name)) ?? "\(plan.resource.name) has no such field"
        items.append(.init(pointer: JSONPointer.shown(name), code: "unknown_field", detail: hint))
        continue
      }
      guard seen.insert(name).inserted else {
        items.append(.init(pointer: JSONPointer.shown(name), code: "csv", detail: "is the name of two columns"))
        continue
      }
      guard column.part == .amount || column.part == .currency else {
        sources.append(.cell(place, member: column.member, column.part))
        continue
      }
      let source = money[column.member] ?? sources.count
      if money[column.member] == nil {
        money[column.member] = source
        sources.append(.money(member: column.member, amount: nil, currency: nil))
      }
      guard case .money(_, let amount, let currency) = sources[source] else { continue }
      let isAmount = column.part == .amount
      sources[source] = .money(
        member: column.member, amount: isAmount ? place : amount, currency: isAmount ? currency : place)
    }
    guard items.isEmpty else { throw Failure.validation(Array(items.prefix(InputReader.itemsMax))) }
  }

  /// A record as a JSON object. An empty cell is null.
  func json(_ record: CSVReader.Record) throws(Failure) -> [UInt8] {
    guard record.cellCount == count else {
      throw Failure.validation([.init(pointer: "", code: "csv", detail: "has \(record.cellCount) cells, and the first line \(count)")])
    }
    var out: [UInt8] = [UInt8(ascii: "{")]
    for (number, source) in sources.enumerated() {
      if number > 0 { out.append(UInt8(ascii: ",")) }
      switch source {
      case .cell(let place, let member, let part):
        out.appendJSONKey(member)
        try append(record[place], part, member: member, to: &out)
      case .money(let member, let amount, let currency):
        out.appendJSONKey(member)
        let (amount, currency) = (amount.flatMap { record[$0] }, currency.flatMap { record[$0] })
        if amount == nil, currency == nil {
          out.appendJSON()
          continue
        }
        out.append("{\"amount\":")
        try append(amount, .plain, member: member + ".amount", to: &out)
        out.append(",\"currency\":")
        try append(currency, .text, member: member + ".currency", to: &out)
        out.append(UInt8(ascii: "}"))
      }
    }
    out.append(UInt8(ascii: "}"))
    return out
  }

  private func append(_ cell: ArraySlice<UInt8>?, _ part: CSVColumns.Part, member: String, to out: inout [UInt8]) throws(Failure) {
    guard let cell else { return out.appendJSON() }
    guard String(validating: cell, as: UTF8.self) != nil else {
      throw Failure.validation([.init(pointer: JSONPointer.shown(member), code: "format", detail: "is not UTF-8")])
    }
    switch part {
    case .text, .amount, .currency: out.appendJSON(utf8: cell)
    case .plain:
      // What is no number is left to the field's reader, which says so.
      let kind = (try? JSONDocument.parse(Array(cell)))?.root.kind
      if kind == .integer || kind == .number || kind == .boolean { out.append(contentsOf: cell) } else { out.appendJSON(utf8: cell) }
    case .document:
      do {
        out.append(contentsOf: try JSONDocument.parse(Array(cell)).bytes)
      } catch {
        throw Failure.validation([
          .init(pointer: JSONPointer.shown(member), code: "format", detail: "is not JSON: \(error.message) at byte \(error.offset)")
        ])
      }
    }
  }
}
