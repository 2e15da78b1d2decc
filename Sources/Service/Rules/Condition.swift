import Base
import Contract
import Expression
import Store

/// What is left of a rule over the record, with the values that were folded in.
struct Condition: Sendable {
  let rule: AccessRule
  let plan: RulePlan
  let shape: Shape
  let values: [Value]

  /// Identifies its SQL: the values are bound when it runs.
  struct Key: Hashable, Sendable {
    var rule: Int
    var shape: Shape
  }
  var key: Key { Key(rule: rule.number, shape: shape) }

  /// Whether it holds for a record in memory; nil where it follows relations, which only the store can answer.
  func holds(for record: Record, facts: Facts) -> Bool? {
    guard plan.expression.loads.isEmpty else { return nil }
    return plan.expression.holds(RecordFacts(facts: facts, row: RecordView(record)))
  }

  /// As SQL.
  func compiled(layout: Layout, table: TableLayout, dialect: Dialect) throws(Failure) -> Predicate {
    do {
      return try PredicateCompiler(layout, dialect: dialect).predicate(plan, shape, resource: table.resource)
    } catch {
      var failure = Failure(.internal, "Something went wrong on our side; it is in the log under the request's id")
      failure.cause = "a rule cannot be compiled: \(error)"
      throw failure
    }
  }

  private var pathEqualities: [(path: [String], value: Value)] {
    plan.residual(for: shape).conjuncts.compactMap { conjunct in
      guard let (path, operand) = conjunct.equality else { return nil }
      switch operand {
      case .literal(let value): return (path, value)
      case .slot(let place): return values.indices.contains(place) ? (path, values[place]) : nil
      }
    }
  }

  /// Its top-level conjuncts of the form `field == value`, over the record's own fields.
  var equalities: [(field: String, value: Value)] {
    pathEqualities.compactMap { $0.path.count == 1 && !$0.value.isNull ? ($0.path[0], $0.value) : nil }
  }

  /// Whether it says nothing else.
  var isOnlyEqualities: Bool { plan.residual(for: shape).conjuncts.count == equalities.count }

  /// Whether an index leads from its values to the rows: a conjunct `ref.ref.field == value` or `field == value` whose
  /// first step an index begins with.
  func findsRows(_ table: TableLayout) -> Bool {
    pathEqualities.contains { equality in
      guard let first = equality.path.first else { return false }
      return table.indexes.contains { $0.parts.first?.field == first }
    }
  }
}

/// A record in memory as expressions see it.
final class RecordView: ExpressionRecord {
  private let record: Record

  init(_ record: Record) { self.record = record }

  var id: Value { record.values[0] }

  func member(_ name: String) -> ExpressionValue? {
    guard let place = record.table.place(name) else { return nil }
    return .scalar(record.values[place])
  }
}

/// What rules may know, with a record: `record` and `input` are the same where there is one.
struct RecordFacts: ExpressionBindings {
  let facts: Facts
  let row: RecordView

  func caller(_ member: ExpressionNode.CallerMember) -> Value? { facts.caller(member) }
  func hasRole(_ role: String) -> Bool { facts.hasRole(role) }
  func request(_ member: ExpressionNode.RequestMember) -> Value? { facts.request(member) }
  var now: Timestamp? { facts.now }
  var record: (any ExpressionRecord)? { row }
  var input: (any ExpressionRecord)? { row }
}
