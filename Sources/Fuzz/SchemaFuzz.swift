import JSON
import JSONSchema

/// `[schema, value]`: a schema is compiled or refused, and no value traps or hangs; problems and violations have places that are there.
enum SchemaFuzz {
  static func run(_ bytes: [UInt8]) {
    guard let document = try? JSONDocument.parse(bytes), document.root.count == 2, let written = document.root[0],
      let value = document.root[1]
    else { return }
    let schema: JSONSchema
    do throws(JSONSchemaFailure) {
      schema = try JSONSchema(Array(written.rawText))
    } catch {
      precondition(!error.problems.isEmpty, "refused without a word")
      return
    }
    let violations = schema.violations(of: value)
    precondition(violations.count <= JSONSchema.violationsMax, "too many violations")
    for violation in violations { precondition(JSONPointer(violation.pointer) != nil, "a place that is no pointer") }
    precondition(schema.violations(of: value) == violations, "another answer for the same value")
  }
}
