import Base
import Contract
import JSON
import Store

/// A level's rows and what was included below them.
struct Fetched: Sendable {
  let node: ReadNode
  var rows: Rows
  /// By relation of the node.
  var relations: [Included] = []

  indirect enum Included: Sendable {
    /// By ref value: the row in `fetched`.
    case records(Fetched, [Value: Int])
    /// By parent's key: the rows in `fetched`, and whether there are more.
    case collections(Fetched, [Value: (rows: Range<Int>, hasMore: Bool)])
  }

  func captured(_ row: Int, _ place: Int) -> Value { rows.captured[row * node.captures.stride + place] }

  func captured(_ row: Int, _ places: Range<Int>) -> ArraySlice<Value> {
    let start = row * node.captures.stride
    return rows.captured[start + places.lowerBound..<start + places.upperBound]
  }

  /// Appends a row's whole object. Throws what `AnswerText.settle` throws.
  func append(_ row: Int, to text: inout AnswerText, origin: ResponsePlace) throws(Failure) {
    try text.settle()
    // A store writes nothing for rows of which only relations are shown.
    if rows.ends.isEmpty {
      text.bytes.append(UInt8(ascii: "{"))
    } else {
      let start = row == 0 ? 0 : rows.ends[row - 1]
      text.bytes.append(rows.json, in: start..<rows.ends[row])
    }
    for (place, relation) in node.relations.enumerated() where place < relations.count {
      if text.bytes.last != UInt8(ascii: "{") { text.bytes.append(UInt8(ascii: ",")) }
      text.bytes.appendJSONKey(relation.name)
      try append(relations[place], of: relation, place: place, row: row, to: &text, origin: origin)
    }
    text.bytes.append(UInt8(ascii: "}"))
  }

  private func append(
    _ included: Included, of relation: ReadNode.Relation, place: Int, row: Int, to text: inout AnswerText, origin: ResponsePlace
  ) throws(Failure) {
    switch included {
    case .records(let fetched, let places):
      let reference = node.captures.refs[place].map { captured(row, $0) } ?? .null
      // A record that the caller may not read stays an id.
      if let target = places[reference] {
        try fetched.append(target, to: &text, origin: origin)
      } else {
        reference.appendJSON(to: &text.bytes)
      }
    case .collections(let fetched, let places):
      let key = captured(row, node.captures.key.lowerBound)
      let (range, hasMore) = places[key] ?? (0..<0, false)
      text.bytes.append("{\"data\":[")
      for child in range {
        if child > range.lowerBound { text.bytes.append(UInt8(ascii: ",")) }
        try fetched.append(child, to: &text, origin: origin)
      }
      text.bytes.append("],\"page\":{\"limit\":")
      text.bytes.append(decimal: UInt64(Fetcher.collectionLimit))
      text.bytes.append(",\"next\":")
      if hasMore, let by = relation.by {
        var value: [UInt8] = []
        key.appendText(to: &value)
        let equality = PercentEncoding.query(by.name) + "=" + PercentEncoding.query(String(decoding: value, as: UTF8.self))
        let target = "\(origin.prefix)/\(relation.node.plan.resource.name)?\(equality)"
        text.bytes.appendJSON(string: target)
      } else {
        text.bytes.appendJSON()
      }
      text.bytes.append(",\"previous\":null}}")
    }
  }
}

/// Where an answer's own URLs begin.
struct ResponsePlace: Sendable {
  /// `/v1`
  var prefix: String
}
