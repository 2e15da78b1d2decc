package import Base
import Expression
package import Identity
package import Store
import Synchronization

/// A store that writes down what it is asked, for `martlet explain`. Reads go through; writes do not.
package final class WatchedStore: Store {
  private let store: any Store
  private let asked = Mutex<[(statement: Statement, values: [Value])]>([])

  package init(_ store: any Store) { self.store = store }

  /// The statements in the order they came.
  package var statements: [(statement: Statement, values: [Value])] { asked.withLock { $0 } }

  package var dialect: Dialect { store.dialect }

  package func read(_ query: Query) async throws(StoreError) -> Rows {
    asked.withLock { $0.append((query.statement, query.values)) }
    return try await store.read(query)
  }

  package func write(_ batch: WriteBatch) async throws(StoreError) -> WriteOutcome {
    asked.withLock { asked in
      for step in batch.steps {
        switch step {
        case .guarding(let statement, let values), .run(let statement, let values, _), .returning(let statement, let values, _):
          asked.append((statement, values))
        case .reading(let query): asked.append((query.statement, query.values))
        }
      }
    }
    return .committed([])
  }

  package func define(_ statements: [String]) async throws(StoreError) {}
  package func inspect(_ statement: String, _ values: [Value]) async throws(StoreError) -> [[String?]] {
    try await store.inspect(statement, values)
  }
  package func ping() async throws(StoreError) { try await store.ping() }
  package func gauges() -> [StoreGauge] { store.gauges() }
  package func close() async { await store.close() }
}

extension Engine {
  /// A resource's rule for an action, as the contract has it.
  package func ruleText(of action: Operation.Action, resource: String) -> String? {
    if case .query = action { return namedQueries[resource].map { ruleText($0.access) } }
    guard let plan = plan(of: resource) else { return nil }
    let rule =
      switch action {
      case .list, .read, .history, .query: plan.read
      case .create: plan.create
      case .update, .patch, .replace: plan.update.rule
      case .delete, .restore: plan.delete
      case .transition(let name): plan.transitions[name]?.rule
      }
    return rule.map(ruleText)
  }

  private func ruleText(_ rule: AccessRule) -> String {
    switch rule.form {
    case .anyone: "anyone"
    case .authenticated: "authenticated"
    case .nobody: "nobody"
    case .roles(let roles): "[\(roles.joined(separator: ", "))]"
    case .rule(let plan): plan.expression.source
    }
  }

  /// What the rule comes to for this caller before any record is looked at.
  package func grantText(of action: Operation.Action, resource: String, caller: Caller, context: RequestContext) -> String? {
    let facts = Facts(caller: caller, context: context)
    if case .query = action { return namedQueries[resource].map { $0.access.grant(facts).isAlways ? "granted" : "denied" } }
    guard let plan = plan(of: resource) else { return nil }
    let grant: Grant? =
      switch action {
      case .list, .read, .history, .query: plan.read.grant(facts)
      case .create: plan.create.grant(facts)
      case .update, .patch, .replace: plan.update.rule.grant(facts)
      case .delete, .restore: plan.delete.grant(facts)
      case .transition(let name): plan.transitions[name]?.rule.grant(facts)
      }
    return switch grant {
    case .always?: "granted"
    case .never?: "denied"
    case .when?: "depends on the record"
    case nil: nil
    }
  }
}
