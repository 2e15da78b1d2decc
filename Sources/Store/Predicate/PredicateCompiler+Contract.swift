package import Contract
package import Expression

extension PredicateCompiler {
  /// A rule of a contract that the store cannot be asked.
  package struct Refusal: Sendable {
    package let resource: String
    /// `access.read`, `states.transitions.pay`, `fields.notes.read`.
    package let rule: String
    package let source: String
    package let error: ExpressionError
  }

  /// Every rule that cannot be compiled over these tables. The contract's own checks leave only what depends on how an
  /// adopted column is stored; whoever serves asks before the first request, so that no request meets it.
  package func refusals(in contract: Contract) -> [Refusal] {
    var refusals: [Refusal] = []
    for resource in contract.resources {
      func ask(_ access: Access?, _ rule: String) {
        guard case .rule(let expression)? = access, let error = unsupported(expression, resource: resource.name) else { return }
        refusals.append(Refusal(resource: resource.name, rule: rule, source: expression.source, error: error))
      }
      ask(resource.access.create, "access.create")
      ask(resource.access.read, "access.read")
      ask(resource.access.update, "access.update")
      ask(resource.access.delete, "access.delete")
      for transition in resource.states?.transitions ?? [] { ask(transition.access, "states.transitions.\(transition.name)") }
      for field in resource.fields {
        ask(field.read, "fields.\(field.name).read")
        ask(field.write, "fields.\(field.name).write")
      }
    }
    return refusals
  }
}
