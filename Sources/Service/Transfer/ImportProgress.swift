import Base
import Crypto
import JSON
import Store

/// What an import has done so far: kept with its key in the transaction of each group, so that the same import begins behind it.
package struct ImportProgress: Sendable {
  /// Refused records that are told one by one; more are only counted.
  package static let refusalsMax = 1_000
  static let refusalBytesMax = 64 << 10
  /// Until it is whole, in the place of an answer's status.
  static let unfinishedStatus = 102

  var counts = ImportCounts()
  /// Of the records that were looked at, in their order.
  var digest = SHA256.hash([UInt8]())
  private var refusals: [UInt8] = []
  private var refusalCount = 0

  init() {}

  mutating func add(_ row: ImportRow) {
    counts.records += 1
    var hasher = SHA256()
    hasher.update(digest)
    hasher.update(UInt64(row.text.count))
    hasher.update(row.text)
    if let failure = row.failure { hasher.update(failure.detail) }
    digest = hasher.finish()
  }

  mutating func refuse(_ row: ImportRow, _ failure: Failure) {
    counts.refused += 1
    guard refusalCount < ImportProgress.refusalsMax else { return }
    var text: [UInt8] = []
    text.append("{\"line\":")
    text.append(decimal: UInt64(row.line))
    text.append(",\"code\":")
    text.appendJSON(string: failure.code.rawValue)
    text.append(",\"detail\":")
    text.appendJSON(string: failure.detail)
    if !failure.items.isEmpty {
      text.append(",\"errors\":[")
      for (place, item) in failure.items.prefix(10).enumerated() {
        if place > 0 { text.append(UInt8(ascii: ",")) }
        text.append("{")
        if let pointer = item.pointer {
          text.append("\"pointer\":")
          text.appendJSON(string: pointer)
          text.append(",")
        }
        text.append("\"code\":")
        text.appendJSON(string: item.code)
        text.append(",\"detail\":")
        text.appendJSON(string: item.detail)
        text.append("}")
      }
      text.append("]")
    }
    text.append("}")
    guard refusals.count + text.count < ImportProgress.refusalBytesMax else {
      refusalCount = ImportProgress.refusalsMax
      return
    }
    if !refusals.isEmpty { refusals.append(UInt8(ascii: ",")) }
    refusals.append(contentsOf: text)
    refusalCount += 1
  }

  /// `{"created": 2, "refused": 1, "errors": [...]}`
  var body: [UInt8] {
    var out: [UInt8] = []
    out.append("{\"created\":")
    out.append(decimal: UInt64(counts.created))
    out.append(",\"refused\":")
    out.append(decimal: UInt64(counts.refused))
    out.append(",\"errors\":[")
    out.append(contentsOf: refusals)
    out.append("]}")
    return out
  }

  /// A failure that ends the import, with what was done before.
  func ending(_ failure: Failure) -> Failure {
    var failure = failure
    failure.members.append(("created", Array(String(counts.created).utf8)))
    failure.members.append(("refused", Array(String(counts.refused).utf8)))
    failure.members.append(("refusals", [UInt8(ascii: "[")] + refusals + [UInt8(ascii: "]")]))
    return failure
  }

  // MARK: As it is kept

  /// How many records it is of, and their digest: what stands where an answer has its tag and its place.
  var mark: String { String(counts.records) }
  var digestText: String {
    var text: [UInt8] = []
    digest.appendHexadecimal(to: &text)
    return String(decoding: text, as: UTF8.self)
  }

  /// From what was kept; nil where it is none of ours.
  init?(mark: String, body: [UInt8]) {
    guard let records = Int(mark), let root = try? JSONDocument.parse(body).root, let created = root["created"]?.int64,
      let refused = root["refused"]?.int64, let errors = root["errors"], errors.kind == .array
    else { return nil }
    counts.records = records
    counts.created = Int(created)
    counts.refused = Int(refused)
    refusals = Array(errors.rawText.dropFirst().dropLast())
    refusalCount = errors.count
  }
}
