import Base
import CJansson
import JSON

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Reads a document of 1 MiB with our reader and with jansson, in turns, and prints the medians.
///
/// Safety: jansson's pointers stay inside the function that got them, and each document is released once.
enum JSONBenchmark {
  static let rounds = 200

  static func run(file: String?) {
    let bytes = document(atLeast: 1 << 20)
    if let file { write(bytes, to: file) }
    var times: [String: [UInt64]] = [:]
    let clock = SystemClock()
    func measure(_ name: String, _ body: () -> Int) {
      let start = clock.monotonicNanoseconds
      precondition(body() > 0, "the document must be read")
      times[name, default: []].append(clock.monotonicNanoseconds - start)
    }
    for _ in 0..<rounds {
      measure("martlet parse") { ours(bytes, walks: false) }
      measure("jansson parse") { jansson(bytes, walks: false) }
      measure("martlet parse and visit") { ours(bytes, walks: true) }
      measure("jansson parse and visit") { jansson(bytes, walks: true) }
    }
    for name in times.keys.sorted() {
      let sorted = (times[name] ?? []).sorted()
      let megabytes = Double(bytes.count) * 1000 / Double(sorted[sorted.count / 2])
      print("\(name): \(Int(megabytes)) MB/s")
    }
  }

  private static func ours(_ bytes: [UInt8], walks: Bool) -> Int {
    guard let document = try? JSONDocument.parse(bytes) else { return 0 }
    return walks ? visit(document.root) : 1
  }

  private static func visit(_ node: JSONNode) -> Int {
    switch node.kind {
    case .object: node.members.reduce(1) { $0 &+ ($1.key.utf8?.count ?? 0) &+ visit($1.value) }
    case .array: node.elements.reduce(1) { $0 &+ visit($1) }
    case .string: node.utf8?.count ?? 0
    case .integer: Int(truncatingIfNeeded: (node.int64 ?? 0) & 1)
    case .number: (node.double ?? 0) > 0 ? 1 : 0
    case .boolean: node.bool == true ? 1 : 0
    case .null: 0
    }
  }

  // Safety: the document lives until this function ends.
  private static func jansson(_ bytes: [UInt8], walks: Bool) -> Int {
    unsafe bytes.withUnsafeBytes { raw in
      var error = json_error_t()
      guard
        let root = unsafe json_loadb(raw.baseAddress, raw.count, Int(JSON_REJECT_DUPLICATES), &error)
      else { return 0 }
      defer { unsafe json_decref(root) }
      return walks ? unsafe visit(root) : 1
    }
  }

  private static func visit(_ node: UnsafeMutablePointer<json_t>) -> Int {
    switch unsafe node.pointee.type {
    case JSON_OBJECT:
      var sum = 1
      var iterator = unsafe json_object_iter(node)
      while let member = unsafe iterator {
        sum &+= unsafe strlen(json_object_iter_key(member))
        sum &+= unsafe visit(json_object_iter_value(member))
        unsafe iterator = json_object_iter_next(node, member)
      }
      return sum
    case JSON_ARRAY:
      var sum = 1
      let count = unsafe json_array_size(node)
      for place in 0..<count { sum &+= unsafe visit(json_array_get(node, place)) }
      return sum
    case JSON_STRING: return unsafe json_string_length(node)
    case JSON_INTEGER: return Int(unsafe json_integer_value(node) & 1)
    case JSON_REAL: return unsafe json_real_value(node) > 0 ? 1 : 0
    case JSON_TRUE: return 1
    default: return 0
    }
  }

  /// Orders as an API would take them: keys in order, identifiers, text with some escapes and accents, numbers.
  private static func document(atLeast size: Int) -> [UInt8] {
    var out: [UInt8] = [UInt8(ascii: "[")]
    var state: UInt64 = 42
    func random() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state >> 11
    }
    while out.count < size {
      if out.count > 1 { out.append(UInt8(ascii: ",")) }
      let items: [JSONValue] = (0..<3).map { _ in
        ["product": .string(UUID(high: random(), low: random()).description), "quantity": .integer(Int64(random() % 100))]
      }
      let order: JSONValue = [
        "id": .string(UUID(high: random(), low: random()).description), "email": .string("person\(random() % 10_000)@shop.example"),
        "name": ["Ada Lovelace", "Jürgen Müller", "O\"Brien\nJunior", "夏目漱石"][Int(random() % 4)], "paid": .boolean(random() % 2 == 0),
        "total": ["amount": .integer(Int64(random() % 1_000_000)), "currency": "EUR"], "weight": .number(Double(random() % 100_000) / 1000),
        "score": .number(Double(random()) / 9_007_199_254_740_992), "note": .null, "items": .array(items),
        "text": "A plain sentence of the length that people write into a form, without anything to escape.",
      ]
      order.append(to: &out)
    }
    out.append(UInt8(ascii: "]"))
    return out
  }

  // Safety: the file is closed here and nowhere else.
  private static func write(_ bytes: [UInt8], to path: String) {
    guard let file = unsafe fopen(path, "wb") else { return }
    _ = unsafe fwrite(bytes, 1, bytes.count, file)
    unsafe fclose(file)
  }
}
