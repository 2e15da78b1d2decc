import Base

/// How much memory a JSON text comes to while a change with it is carried out: the parsed document, the record, its event, what
/// is sent to the store, the answer. An estimate from above.
package enum JSONWeight {
  /// Up to here a text weighs no more than any request does (`MemoryBudget.requestBytes`).
  private static let lightMax = 1024
  /// For each byte: the text itself, and the copies of it that are made.
  static let perByte = 6
  /// For each value: its place in the document, while that grows.
  private static let perValue = 24

  /// In bytes.
  package static func bytes(of text: [UInt8]) -> Int {
    guard text.count > lightMax else { return 0 }
    var values = 1
    // What stands within strings counts as well.
    for byte in text {
      let beginsValue = byte == UInt8(ascii: ",") || byte == UInt8(ascii: ":") || byte == UInt8(ascii: "[") || byte == UInt8(ascii: "{")
      values &+= beginsValue ? 1 : 0
    }
    return values * perValue + text.count * perByte
  }

  /// As `bytes(of:)` for values of a record.
  static func bytes(of values: some Sequence<Value>) -> Int {
    values.reduce(0) { sum, value in
      if case .json(let text) = value { return sum + bytes(of: text) }
      return sum + value.heapBytes * perByte
    }
  }
}
