package import JSON

/// A JSON Schema 2020-12, compiled.
///
/// `format` and the `content...` keywords are annotations, as the standard has it: they refuse nothing. Patterns are RE2's. Nothing
/// is fetched: a reference leads into the schema itself, or to the metaschemas of 2020-12.
package final class JSONSchema: Sendable {
  /// As it was given.
  package let text: [UInt8]
  /// Keywords that 2020-12 does not know, with the way to each: they refuse nothing.
  package let ignored: [(path: [String], keyword: String)]
  /// Where references stand and where they lead, inside the schema.
  package let references: [(from: [String], to: [String])]
  /// It has URIs or anchors of its own, by which it or others may refer to it.
  package let hasNames: Bool

  let rules: [SchemaRule]
  let root: Int
  /// For each resource the dynamic anchors that it brings into the scope.
  let dynamicAnchors: [[(anchor: Int, rule: Int)]]
  let dynamicCount: Int

  /// Those of 2020-12, sorted.
  package static let keywords: [String] = SchemaKeyword.names.sorted()

  /// Levels of arrays and objects in a schema.
  package static let depthMax = 64

  /// Throws with everything that is wrong with the schema.
  package init(_ text: [UInt8]) throws(JSONSchemaFailure) {
    let document: JSONDocument
    do throws(JSONError) {
      document = try JSONDocument.parse(text, limits: JSONLimits(depthMax: JSONSchema.depthMax))
    } catch {
      throw JSONSchemaFailure(problems: [.init(path: [], message: error.description)])
    }
    let compiler = SchemaCompiler()
    root = compiler.compile(document)
    guard compiler.index.problems.isEmpty else { throw JSONSchemaFailure(problems: compiler.index.problems) }
    self.text = text
    rules = compiler.rules
    dynamicAnchors = compiler.dynamicAnchors()
    dynamicCount = compiler.dynamicNames.count
    ignored = compiler.ignored
    references = compiler.references.map { ($0.from.path, $0.to.path) }
    hasNames = compiler.index.hasNames
  }

  /// What is wrong with a value.
  package struct Violation: Sendable, Equatable {
    /// Where in the value: a JSON pointer, whose names are shortened.
    package let pointer: String
    /// One of the codes of fields: `type`, `required`, `unknown_field`, `enum`, `range`, `length`, `pattern`; else `schema`.
    package let code: String
    /// For a person.
    package let detail: String
  }

  /// No more are told of one value.
  package static let violationsMax = 100
  /// What a check may cost; a value that costs more is refused.
  package static let stepsMax = 2_000_000

  /// Everything that is wrong with the value; nothing where it is valid. Linear in the value: the work is bounded by its size times
  /// the schema's, and by `stepsMax`.
  package func violations(of node: JSONNode) -> [Violation] {
    var check = SchemaCheck(self)
    let isValid = check.outcome(root, node, SchemaCheck.Sight(scope: 0, wants: false)).isValid
    if check.isOverrun {
      return [.init(pointer: "", code: "schema", detail: "takes too long to check against its schema; send less, or less deep")]
    }
    if isValid { return [] }
    return check.violations.isEmpty ? [.init(pointer: "", code: "schema", detail: "is not what its schema asks for")] : check.violations
  }
}

extension JSONSchema: Equatable {
  package static func == (a: JSONSchema, b: JSONSchema) -> Bool { a.text == b.text }
}
