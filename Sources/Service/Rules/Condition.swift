import Base
import Contract
import Expression
import Store

/// What is left of a rule over the record, with the values that were folded in.
struct Condition: Sendable {
  let rule: AccessRule
  let plan: RulePlan
  let outcomes: KnownOutcomes
  let values: [Value]

  /// Identifies its SQL: the values are bound when it runs.
  struct Key: Hashable, Sendable {
    var rule: Int
    var outcomes: KnownOutcomes
  }
  var key: Key { Key(rule: rule.number, outcomes: outcomes) }

  /// Whether it stands on other rows as well.
  var followsRelations: Bool { !plan.expression.loads.isEmpty }

  /// Whether it holds for a record in memory; nil where it follows relations, which only the store can answer.
  ///
  /// - Parameter before: the record as it is stored: what a rule of a change calls `record`. Without it such a rule denies.
  func holds(for record: Record, before: Record?, facts: Facts) -> Bool? {
    guard plan.expression.loads.isEmpty else { return nil }
    let row = RecordView(record)
    guard rule.isOfChange else { return plan.expression.holds(RecordFacts(facts: facts, record: row, input: row)) }
    return plan.expression.holds(RecordFacts(facts: facts, record: before.map(RecordView.init), input: row))
  }

  /// As SQL.
  ///
  /// - Parameters:
  ///   - part: a part of it that finds the rows itself, which takes all of its values; nil: the whole.
  ///   - locks: for guards, see `PredicateCompiler.locks`.
  func compiled(
    _ part: ResidualExpression? = nil, layout: Layout, table: TableLayout, dialect: Dialect, locks: Bool = false
  ) throws(Failure) -> Predicate {
    var compiler = PredicateCompiler(layout, dialect: dialect)
    compiler.locks = locks
    do {
      compiler.drives = part != nil
      if let part { return Predicate(sql: try compiler.compile(part, resource: table.resource), slots: plan.slotCount) }
      return try compiler.predicate(plan, outcomes, resource: table.resource, ofChange: rule.isOfChange)
    } catch {
      throw notCompiled(error)
    }
  }

  /// What a guard holds for what the condition finds absent or counts.
  func anchors(layout: Layout, table: TableLayout, dialect: Dialect) throws(Failure) -> [Anchor] {
    do {
      return try PredicateCompiler(layout, dialect: dialect).anchors(
        plan.residual(for: outcomes), resource: table.resource, ofChange: rule.isOfChange)
    } catch {
      throw notCompiled(error)
    }
  }

  private func notCompiled(_ error: ExpressionError) -> Failure {
    var failure = Failure(.internal, "Something went wrong on our side; it is in the log under the request's id")
    failure.cause = "a rule cannot be compiled: \(error)"
    return failure
  }

  /// Its top-level conjuncts of the form `field == value`, over the record's own fields.
  var equalities: [(field: String, value: Value)] {
    plan.residual(for: outcomes).conjuncts.compactMap { conjunct in
      guard let (path, operand) = conjunct.equality, path.count == 1 else { return nil }
      let value: Value =
        switch operand {
        case .literal(let value): value
        case .slot(let place): values.indices.contains(place) ? values[place] : .null
        }
      return value.isNull ? nil : (path[0], value)
    }
  }

  /// Whether it says nothing else.
  var isOnlyEqualities: Bool { plan.residual(for: outcomes).conjuncts.count == equalities.count }

  /// Its conjunct from whose value an index leads to the rows: `ref.ref.field == value`, `field == value`, or
  /// `collection.exists(c, c.field == value)`. The one that is
  /// not over an enum or a boolean where there is a choice. Nil: no index does.
  func driver(_ table: TableLayout, layout: Layout) -> ResidualExpression? {
    let found = plan.residual(for: outcomes).conjuncts.filter { conjunct in
      conjunct.equality.map { layout.finds($0.path, from: table) } ?? conjunct.membership.map { layout.finds($0, from: table) } ?? false
    }
    let best = found.first { conjunct in
      guard let path = conjunct.equality?.path, path.count == 1, let field = table.field(path[0]) else { return true }
      return table.isSelective(field)
    }
    return (best ?? found.first).map(ResidualExpression.init)
  }

  /// Whether it says nothing but what its driver says.
  var isOneConjunct: Bool { plan.residual(for: outcomes).conjuncts.count == 1 }
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

/// What rules may know, with the record as it is stored and as it becomes: the same where one row is asked about.
struct RecordFacts: ExpressionBindings {
  let facts: Facts
  let record: (any ExpressionRecord)?
  let input: (any ExpressionRecord)?

  func caller(_ member: ExpressionNode.CallerMember) -> Value? { facts.caller(member) }
  func hasRole(_ role: String) -> Bool { facts.hasRole(role) }
  func request(_ member: ExpressionNode.RequestMember) -> Value? { facts.request(member) }
  var now: Timestamp? { facts.now }
}
