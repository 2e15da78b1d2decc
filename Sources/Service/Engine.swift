package import Base
package import Contract
import Crypto
package import Identity
package import Store

/// A contract at work on a store: the one implementation of `Operations`.
package final class Engine: Sendable {
  let contract: Contract
  let layout: Layout
  let store: any Store
  /// The batch that this one works for; nil where each change is sent by itself.
  let session: BatchSession?
  let plans: [ResourcePlan]
  private let places: [String: Int]
  /// By the resource that is referred to.
  let referrersByResource: [String: [Referrer]]
  let clock: any Clock
  let random: any RandomSource
  let tags: EntityTags
  let cursorKey: SealingKey
  let scopeKey: HMACKey
  package let positions: PositionTokens?
  let statements: BoundedCache<ReadStatementKey, ReadStatement>
  let predicates: BoundedCache<Condition.Key, Predicate>
  /// Filters with the rules of the related rows that they read.
  let sightedPredicates: BoundedCache<[Condition.Key], Predicate>
  /// For guards: see `PredicateCompiler.locks`.
  let heldPredicates: BoundedCache<Condition.Key, Predicate>
  /// For guards: what holds those that their rules find absent.
  let anchors: BoundedCache<Condition.Key, [Anchor]>
  /// By resource: the places of refs into whose collections some rule looks for what is absent.
  let watchedRefs: [Int: [Int]]
  /// The part of a rule that finds its rows by an index; nil: no part does.
  let drivers: BoundedCache<Condition.Key, Predicate?>
  let queryStatements: BoundedCache<QueryStatementKey, ReadStatement>
  let namedQueries: [String: NamedQueryPlan]
  let lists: BoundedCache<KnownList.Key, KnownList>
  let filters: BoundedCache<FilterKey, ListFilter>
  /// The rule number of each form.
  let filterForms: BoundedCache<FilterFormKey, Int>
  let changes: BoundedCache<ChangeKey, PreparedSQL>
  let engineStatements: EngineStatements
  /// Requests with one idempotency key, by its scope.
  let keyTurns: Turns<[UInt8]>
  let changeTurns: Turns<ChangeTurn>
  let memory: MemoryBudget
  let directory: CallerDirectory
  let prefix: ResponsePlace
  let schema: ContractExpressionSchema
  /// By resource: the variant of a plain answer in each coding.
  let plainVariants: [(identity: [UInt8], gzip: [UInt8], br: [UInt8])]

  /// - Parameters:
  ///   - key: entity tags, cursors and idempotency scopes are keyed with what comes from it, so every process of one
  ///     service needs the same.
  ///   - verifier: verifies bearer tokens; nil refuses them all.
  ///   - memory: where long answers and large changes ask before they are made.
  package init(
    contract: Contract, layout: Layout, store: any Store, key: ServiceKey, verifier: TokenVerifier?, clock: any Clock = SystemClock(),
    random: any RandomSource = SystemRandom(), memory: MemoryBudget = .unbounded
  ) {
    self.contract = contract
    self.memory = memory
    self.layout = layout
    self.store = store
    self.clock = clock
    self.random = random
    session = nil
    statements = BoundedCache(countMax: 2_000)
    predicates = BoundedCache(countMax: 2_000)
    sightedPredicates = BoundedCache(countMax: 1_000)
    heldPredicates = BoundedCache(countMax: 2_000)
    anchors = BoundedCache(countMax: 2_000)
    drivers = BoundedCache(countMax: 2_000)
    queryStatements = BoundedCache(countMax: 1_000)
    lists = BoundedCache(countMax: 1_000)
    filters = BoundedCache(countMax: 1_000)
    filterForms = BoundedCache(countMax: 1_000)
    changes = BoundedCache(countMax: 2_000)
    keyTurns = Turns(waitersMax: 16, waitMax: .seconds(5), clock: clock)
    changeTurns = Turns(waitersMax: Engine.changeWaitersMax, waitMax: Engine.contentionTimeMax, clock: clock)
    var plans: [ResourcePlan] = []
    var places: [String: Int] = [:]
    for (number, resource) in contract.resources.enumerated() {
      guard let table = layout[resource.name] else { continue }
      places[resource.name] = plans.count
      plans.append(ResourcePlan(number: number, resource: resource, table: table, dialect: store.dialect))
    }
    self.plans = plans
    self.places = places
    referrersByResource = Engine.referrers(plans)
    watchedRefs = Engine.watchedRefs(plans, layout: layout, dialect: store.dialect)
    let known = (plans, places)
    func plan(_ name: String) -> ResourcePlan? { known.1[name].map { known.0[$0] } }
    namedQueries = Dictionary(
      contract.queries.compactMap { query in
        NamedQueryPlan(query, dialect: store.dialect, resources: plan).map { (query.name, $0) }
      }, uniquingKeysWith: { first, _ in first })
    let tags = EntityTags(secret: key.secret(.etag))
    self.tags = tags
    schema = ContractExpressionSchema(contract)
    plainVariants = plans.map { plan in
      func variant(_ coding: ContentCoding) -> [UInt8] { tags.variant([plan.resource.name, "*", "", coding.rawValue]) }
      return (variant(.identity), variant(.gzip), variant(.br))
    }
    cursorKey = SealingKey(key.secret(.cursor))
    scopeKey = HMACKey(key.secret(.idempotency))
    positions = store.replicas.isEmpty ? nil : PositionTokens(key)
    engineStatements = EngineStatements(dialect: store.dialect)
    prefix = ResponsePlace(prefix: "/" + contract.service.version)
    directory = CallerDirectory(verifier: verifier, users: places["users"].map { plans[$0] })
  }

  /// The same at work for one batch: what it reads is what that has done so far, and what it changes is left to it.
  init(_ engine: Engine, session: BatchSession) {
    store = session
    self.session = session
    memory = engine.memory
    contract = engine.contract
    layout = engine.layout
    plans = engine.plans
    places = engine.places
    referrersByResource = engine.referrersByResource
    clock = engine.clock
    random = engine.random
    tags = engine.tags
    cursorKey = engine.cursorKey
    scopeKey = engine.scopeKey
    positions = engine.positions
    statements = engine.statements
    predicates = engine.predicates
    sightedPredicates = engine.sightedPredicates
    heldPredicates = engine.heldPredicates
    anchors = engine.anchors
    watchedRefs = engine.watchedRefs
    drivers = engine.drivers
    queryStatements = engine.queryStatements
    namedQueries = engine.namedQueries
    lists = engine.lists
    filters = engine.filters
    filterForms = engine.filterForms
    changes = engine.changes
    keyTurns = engine.keyTurns
    changeTurns = engine.changeTurns
    engineStatements = engine.engineStatements
    directory = engine.directory
    prefix = engine.prefix
    schema = engine.schema
    plainVariants = engine.plainVariants
  }

  func plainVariant(of resource: Int, coding: ContentCoding) -> [UInt8] {
    switch coding {
    case .identity: plainVariants[resource].identity
    case .gzip: plainVariants[resource].gzip
    case .br: plainVariants[resource].br
    }
  }

  func plan(of resource: String) -> ResourcePlan? { places[resource].map { plans[$0] } }

  func newID() -> UUID { UUID.version7(at: clock.now, random: (random.next(), random.next())) }
}

/// What a read statement's text depends on.
struct ReadStatementKey: Hashable, Sendable {
  enum Kind: Hashable, Sendable {
    case item(Standing)
    case items(Int)
    case children(String, Int)
    case list(ListKey)
    case edge(ListKey, rows: Int)
    case count(ListKey, scanned: Bool, limit: Int)
    case state(Standing)
    case candidate
    case referrers(Int, Standing, limit: Int)
    case aged(goesOn: Bool)
  }
  var resource: Int
  var kind: Kind
  var selection: Selection
  var visibility: [UInt8]
  var conditions: [Condition.Key]
  /// Columns captured for cursors.
  var order: [OrderTerm] = []
}

/// What a list's text depends on.
struct ListKey: Hashable, Sendable {
  var equal: [String]
  var nulls: [Bool]
  var order: [OrderTerm]
  var seek: [Bool]?
  var isBounded: Bool
  var limit: Int
  var budget: Int
  var isDriven: Bool
  var which: Standing
  var search: WordSearch.Form?
}

extension Engine {
  /// A condition as SQL over that table, and the values to bind.
  func predicate(_ condition: Condition, on table: TableLayout) throws(Failure) -> (predicate: Predicate, values: [Value]) {
    if let known = predicates.value(for: condition.key) { return (known, condition.values) }
    let made = try condition.compiled(layout: layout, table: table, dialect: store.dialect)
    predicates.insert(made, for: condition.key)
    return (made, condition.values)
  }

  /// The same for a guard: what it stands on is held until the transaction ends.
  func heldPredicate(_ condition: Condition, on table: TableLayout) throws(Failure) -> (predicate: Predicate, values: [Value]) {
    guard store.dialect == .postgres else { return try predicate(condition, on: table) }
    if let known = heldPredicates.value(for: condition.key) { return (known, condition.values) }
    let made = try condition.compiled(layout: layout, table: table, dialect: store.dialect, locks: true)
    heldPredicates.insert(made, for: condition.key)
    return (made, condition.values)
  }

  /// The part of a condition from which an index leads to its rows, as SQL over that table; nil where no index does. It
  /// takes the condition's values.
  func driver(_ condition: Condition, on table: TableLayout) throws(Failure) -> Predicate? {
    if let known = drivers.value(for: condition.key) { return known }
    var made: Predicate?
    if let driver = condition.driver(table, layout: layout) {
      made = try condition.compiled(driver, layout: layout, table: table, dialect: store.dialect)
    }
    drivers.insert(made, for: condition.key)
    return made
  }

  /// A node's read rule, where it depends on the record.
  func rule(of node: ReadNode) throws(Failure) -> (predicate: Predicate, values: [Value])? {
    guard let condition = node.grant.condition else { return nil }
    return try predicate(condition, on: node.plan.table)
  }

  func statement(
    _ node: ReadNode, kind: ReadStatementKey.Kind, order: [OrderTerm] = [], extra: [Condition.Key] = [], make: () -> ReadStatement
  ) -> ReadStatement {
    let key = ReadStatementKey(
      resource: node.plan.number, kind: kind, selection: node.selection, visibility: node.visibility.key,
      conditions: node.conditions + extra, order: order)
    if let known = statements.value(for: key) { return known }
    let made = make()
    statements.insert(made, for: key)
    return made
  }
}
