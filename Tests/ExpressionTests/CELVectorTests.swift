import Base
import Expression
import Pattern
import TestSupport
import Testing

/// The public CEL vectors: those of our subset give the value (or the error) that they demand; those outside, which
/// `docs/expressions.md` lists by name, are errors, and none of them is a wrong answer.
@Suite struct CELVectorTests {
  static let files = [
    "basic", "comparisons", "conversions", "fields", "fp_math", "integer_math", "lists", "logic", "macros", "macros2", "parse",
    "plumbing", "string", "string_ext", "timestamps",
  ]

  @Test(arguments: files) func everyVectorPassesOrIsListedAsOutside(_ file: String) throws {
    let vectors = try CELVector.read(file)
    #expect(!vectors.isEmpty)
    let listed = try Self.outside().filter { $0.hasPrefix(file + "/") }
    var outside: Set<String> = []
    for vector in vectors {
      switch vector.run() {
      case .passed: break
      case .outside: outside.insert(vector.name)
      case .wrong(let message): Issue.record("\(vector.name): \(vector.source): \(message)")
      }
    }
    #expect(outside.subtracting(listed).sorted() == [], "outside, but not listed")
    #expect(Set(listed).subtracting(outside).sorted() == [], "listed, but inside")
  }

  @Test func theListNamesNoOtherFile() throws {
    for name in try Self.outside() {
      #expect(Self.files.contains(String(name.prefix { $0 != "/" })), "\(name)")
    }
  }

  /// Names in backticks on lines that begin with `- `.
  private static func outside() throws -> [String] {
    let bytes = try #require(Files.read(Files.root + "/docs/expressions.md"))
    var names: [String] = []
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") where line.hasPrefix("- `") {
      for (place, part) in line.split(separator: "`", omittingEmptySubsequences: false).enumerated()
      where place % 2 == 1 {
        names.append(String(part))
      }
    }
    return names
  }
}

/// One vector.
struct CELVector {
  enum Outcome {
    case passed
    case outside
    case wrong(String)
  }

  let name: String
  let source: String
  let test: TextProto

  static func read(_ file: String) throws -> [CELVector] {
    let bytes = try #require(Files.read(Files.shared + "/vectors/cel/\(file).textproto"))
    let document = try TextProto(bytes)
    var vectors: [CELVector] = []
    for section in document.messages("section") {
      for test in section.messages("test") {
        let name = "\(file)/\(section.text("name") ?? "")/\(test.text("name") ?? "")"
        vectors.append(CELVector(name: name, source: test.text("expr") ?? "", test: test))
      }
    }
    return vectors
  }

  func run() -> Outcome {
    let expectsError = test.has("eval_error") || test.has("any_eval_errors")
    var environment = ExpressionEnvironment()
    environment.patterns = TestPatterns()
    var bindings = VectorBindings()
    for entry in test.messages("bindings") {
      guard let name = entry.text("key"), let value = entry.message("value")?.message("value"),
        let (type, bound) = CELVector.value(value)
      else { continue }
      environment.names[name] = ExpressionMember(type, isNullable: type == .null)
      bindings.values[name] = bound
    }
    for entry in test.messages("type_env") {
      guard let name = entry.text("name"), let type = entry.message("ident")?.message("type").flatMap(CELVector.type) else { continue }
      environment.names[name] = ExpressionMember(type, isNullable: false)
    }
    let result: ExpressionResult
    do {
      result = try CheckedExpression.check(source, expecting: nil, in: environment).evaluate(bindings)
    } catch {
      return expectsError ? .passed : .outside
    }
    switch result {
    case .failure: return expectsError ? .passed : .outside
    case .success(let value):
      if expectsError { return .wrong("an error is expected, not \(value)") }
      guard let expected = test.message("value") else {
        return value.value == .boolean(true) ? .passed : .wrong("true is expected, not \(value)")
      }
      guard let (_, wanted) = CELVector.value(expected) else { return .wrong("\(value) for a type we do not have") }
      return CELVector.same(value.value, wanted.value) ? .passed : .wrong("\(wanted.value) is expected, not \(value.value)")
    }
  }

  private static func same(_ a: Value, _ b: Value) -> Bool {
    switch (a, b) {
    case (.string(let x), .string(let y)): x.utf8.elementsEqual(y.utf8)
    case (.list(let x), .list(let y)): x.count == y.count && zip(x, y).allSatisfy(same)
    default: a == b
    }
  }

  private static func value(_ message: TextProto) -> (ExpressionType, ExpressionValue)? {
    guard let field = message.fields.first else { return nil }
    let text = message.text(field.name) ?? ""
    switch field.name {
    case "int64_value": return Int64(text).map { (.integer, .scalar(.integer($0))) }
    case "double_value":
      guard let value = Double(text), value.isFinite else { return nil }
      return (.number, .scalar(.number(value)))
    case "string_value": return (.string, .scalar(.string(text)))
    case "bool_value": return (.boolean, .scalar(.boolean(text == "true")))
    case "null_value": return (.null, .null)
    case "list_value":
      var items: [ExpressionValue] = []
      var element: ExpressionType?
      for entry in message.message("list_value")?.messages("values") ?? [] {
        guard let (type, item) = value(entry) else { return nil }
        element = element == nil || element == type ? type : .dynamic
        items.append(item)
      }
      return (.list(element ?? .dynamic), .list(items))
    case "object_value":
      guard let object = message.message("object_value"), let kind = object.fields.first, case .message(let inner) = kind.value else {
        return nil
      }
      let seconds = Int64(inner.text("seconds") ?? "0") ?? 0
      let nanoseconds = Int64(inner.text("nanos") ?? "0") ?? 0
      guard nanoseconds % 1000 == 0 else { return nil }
      if kind.name.contains("Timestamp") {
        return (.timestamp, .scalar(.timestamp(Timestamp(microseconds: seconds * 1_000_000 + nanoseconds / 1000))))
      }
      if kind.name.contains("google.protobuf.Duration") {
        return (.duration, .scalar(.duration(seconds * 1_000_000 + nanoseconds / 1000)))
      }
      return nil
    default: return nil
    }
  }

  private static func type(_ message: TextProto) -> ExpressionType? {
    switch message.text("primitive") {
    case "INT64": return .integer
    case "DOUBLE": return .number
    case "STRING": return .string
    case "BOOL": return .boolean
    default: break
    }
    if let element = message.message("list_type")?.message("elem_type") { return type(element).map(ExpressionType.list) }
    switch message.text("well_known") {
    case "TIMESTAMP": return .timestamp
    case "DURATION": return .duration
    default: return nil
    }
  }
}

struct VectorBindings: ExpressionBindings {
  var values: [String: ExpressionValue] = [:]
  func named(_ name: String) -> ExpressionValue? { values[name] }
}

struct TestPatterns: PatternCompiler {
  func compile(_ pattern: String) throws(PatternFailure) -> any PatternMatcher {
    do {
      return TestPattern(pattern: try Pattern(pattern))
    } catch {
      throw PatternFailure(error.message)
    }
  }
}

struct TestPattern: PatternMatcher {
  let pattern: Pattern
  func matches(_ text: String) -> Bool { pattern.matches(anywhereIn: text) }
}
