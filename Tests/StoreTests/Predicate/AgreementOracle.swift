import Base
import Contract
import Expression
import Store
import Synchronization

/// Asks a store and the evaluator the same question about every row.
final class AgreementOracle: Sendable {
  /// What the run was made of: a property that only trivial cases were asked about proves nothing.
  struct Tally {
    var expressions = 0
    /// Decided by folding alone.
    var folded = 0
    var yes = 0
    var no = 0
    var errors = 0
  }

  enum Verdict {
    case agreed
    /// The expression does not check, or is refused.
    case notAsked
    case differed(String)
  }

  private enum Answer {
    case yes, no, error
  }

  let world: RandomWorld
  let store: any Store
  private let environment: ExpressionEnvironment
  private let compiler: PredicateCompiler
  private let counts = Mutex(Tally())

  var tally: Tally { counts.withLock { $0 } }

  init(world: RandomWorld, store: any Store) {
    self.world = world
    self.store = store
    environment = RandomCaller.environment(world.contract)
    compiler = PredicateCompiler(Layout(world.contract), dialect: store.dialect)
  }

  /// Where is it true, where is it false? Both are asked of the store; what is neither is an error.
  ///
  /// What it is asked with literals in slots, as a filter is, or in place, as a rule is, hangs on the text.
  func ask(_ source: String, _ caller: RandomCaller) async throws -> Verdict {
    let liftsLiterals = source.utf8.count.isMultiple(of: 2)
    guard let expression = check(source), let negation = check("!(\(source))") else { return .notAsked }
    if compiler.unsupported(expression, resource: "things") != nil { return .notAsked }
    let expected = answers(expression, caller)
    let isFolded = if case .constant = RulePlan(expression).fold(caller) { true } else { false }
    counts.withLock { tally in
      tally.expressions += 1
      if isFolded { tally.folded += 1 }
      for answer in expected {
        switch answer {
        case .yes: tally.yes += 1
        case .no: tally.no += 1
        case .error: tally.errors += 1
        }
      }
    }
    var stored = Array(repeating: Answer.error, count: expected.count)
    for (question, answer) in [(expression, Answer.yes), (negation, .no)] {
      let plan = RulePlan(question, liftingLiterals: liftsLiterals)
      switch plan.fold(caller) {
      case .constant(false): break
      case .constant(true): stored = stored.map { _ in answer }
      case .residual(let outcomes, let values):
        let ids: Set<String>
        do {
          ids = try await rows(plan, outcomes, values)
        } catch {
          return .differed("the store refuses: \(error)")
        }
        for (place, row) in (world.records["things"] ?? []).enumerated() where ids.contains("\(row.id)") { stored[place] = answer }
      }
    }
    for (place, row) in (world.records["things"] ?? []).enumerated() where expected[place] != stored[place] {
      return .differed("memory says \(expected[place]), the store \(stored[place]), of \(row.values)")
    }
    return .agreed
  }

  private func check(_ source: String) -> CheckedExpression? {
    try? CheckedExpression.check(source, expecting: .boolean, in: environment)
  }

  private func answers(_ expression: CheckedExpression, _ caller: RandomCaller) -> [Answer] {
    (world.records["things"] ?? []).map { row in
      switch expression.evaluate(RowBindings(caller, row), budget: 5_000_000) {
      case .success(.scalar(.boolean(true))): .yes
      case .success(.scalar(.boolean(false))): .no
      default: .error
      }
    }
  }

  private func rows(_ plan: RulePlan, _ outcomes: KnownOutcomes, _ values: [Value]) async throws -> Set<String> {
    var compiler = compiler
    // Both forms of what a list may be driven by.
    compiler.drives = plan.slotCount.isMultiple(of: 2)
    let predicate = try compiler.predicate(plan, outcomes, resource: "things")
    var sql = SQL("SELECT t.id FROM things t WHERE ")
    sql.append(predicate.sql)
    let prepared = sql.statement(for: store.dialect)
    let query = Query(
      prepared.statement, prepared.values(values),
      encoding: RowEncoding(fields: [], captures: [.init(column: 0, kind: .uuid)]), rowsMax: 10_000)
    return Set(try await store.read(query).captured.map { "\($0)" })
  }

  /// The smallest expression that still differs, after a bounded number of attempts.
  func shrink(_ term: Term, _ caller: RandomCaller, _ message: String) async -> (String, String) {
    var smallest = term
    var difference = message
    var attempts = 0
    search: while attempts < 3000 {
      for candidate in smallest.smaller where candidate.size < smallest.size || candidate.text.utf8.count < smallest.text.utf8.count {
        attempts += 1
        if attempts >= 3000 { break search }
        guard let verdict = try? await ask(candidate.text, caller), case .differed(let message) = verdict else { continue }
        (smallest, difference) = (candidate, message)
        continue search
      }
      break
    }
    return (smallest.text, difference)
  }
}
