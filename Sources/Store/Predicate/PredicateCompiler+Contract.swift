package import Contract
package import Expression

extension PredicateCompiler {
  /// A rule of a contract that the store cannot be asked.
  package struct Refusal: Sendable {
    package let resource: String
    /// Where it stands under its resource: `[access, read]`, `[states, transitions, pay, access]`, `[fields, notes, read]`.
    package let path: [String]
    package let source: String
    package let error: ExpressionError
  }

  /// Every rule that cannot be compiled over these tables. The contract's own checks leave only what depends on how an
  /// adopted column is stored; whoever serves asks before the first request, so that no request meets it.
  package func refusals(in contract: Contract) -> [Refusal] {
    var refusals: [Refusal] = []
    for resource in contract.resources {
      func ask(_ expression: CheckedExpression, _ path: [String]) {
        guard let error = unsupported(expression, resource: resource.name) else { return }
        refusals.append(Refusal(resource: resource.name, path: path, source: expression.source, error: error))
      }
      func ask(_ access: Access?, _ path: [String]) {
        if case .rule(let expression)? = access { ask(expression, path) }
      }
      ask(resource.access.create, ["access", "create"])
      ask(resource.access.read, ["access", "read"])
      ask(resource.access.update, ["access", "update"])
      ask(resource.access.delete, ["access", "delete"])
      ask(resource.access.export, ["access", "export"])
      for transition in resource.states?.transitions ?? [] {
        ask(transition.access, ["states", "transitions", transition.name, "access"])
      }
      for field in resource.fields {
        ask(field.read, ["fields", field.name, "read"])
        ask(field.write, ["fields", field.name, "write"])
      }
      // A constraint over the record alone is evaluated in memory.
      for constraint in resource.constraints where !constraint.condition.loads.isEmpty {
        ask(constraint.condition, ["constraints", constraint.name])
      }
    }
    return refusals
  }
}
