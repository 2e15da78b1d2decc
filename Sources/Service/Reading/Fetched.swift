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

  /// Appends a row's whole object. Throws `too_costly` where the text has grown past the bound of an answer.
  func append(_ row: Int, to out: inout [UInt8], origin: ResponsePlace) throws(Failure) {
    guard out.count <= Fetcher.bytesMax else { throw Fetcher.tooLong }
    // A store writes nothing for rows of which only relations are shown.
    if rows.ends.isEmpty {
      out.append(UInt8(ascii: "{"))
    } else {
      let start = row == 0 ? 0 : rows.ends[row - 1]
      out.append(rows.json, in: start..<rows.ends[row])
    }
    for (place, relation) in node.relations.enumerated() where place < relations.count {
      if out.last != UInt8(ascii: "{") { out.append(UInt8(ascii: ",")) }
      out.appendJSONKey(relation.name)
      try append(relations[place], of: relation, place: place, row: row, to: &out, origin: origin)
    }
    out.append(UInt8(ascii: "}"))
  }

  private func append(
    _ included: Included, of relation: ReadNode.Relation, place: Int, row: Int, to out: inout [UInt8], origin: ResponsePlace
  ) throws(Failure) {
    switch included {
    case .records(let fetched, let places):
      let reference = node.captures.refs[place].map { captured(row, $0) } ?? .null
      // A record that the caller may not read stays an id.
      if let target = places[reference] {
        try fetched.append(target, to: &out, origin: origin)
      } else {
        reference.appendJSON(to: &out)
      }
    case .collections(let fetched, let places):
      let key = captured(row, node.captures.key.lowerBound)
      let (range, hasMore) = places[key] ?? (0..<0, false)
      out.append("{\"data\":[")
      for child in range {
        if child > range.lowerBound { out.append(UInt8(ascii: ",")) }
        try fetched.append(child, to: &out, origin: origin)
      }
      out.append("],\"page\":{\"limit\":")
      out.append(decimal: UInt64(Fetcher.collectionLimit))
      out.append(",\"next\":")
      if hasMore, let by = relation.by {
        var value: [UInt8] = []
        key.appendText(to: &value)
        let equality = PercentEncoding.query(by.name) + "=" + PercentEncoding.query(String(decoding: value, as: UTF8.self))
        let target = "\(origin.prefix)/\(relation.node.plan.resource.name)?\(equality)"
        out.appendJSON(string: target)
      } else {
        out.appendJSON()
      }
      out.append(",\"previous\":null}}")
    }
  }
}

/// Where an answer's own URLs begin.
struct ResponsePlace: Sendable {
  /// `/v1`
  var prefix: String
}
