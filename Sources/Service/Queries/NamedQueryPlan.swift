import Base
import Contract
import Expression
import Identity
import Store

/// A named query, ready to be asked.
final class NamedQueryPlan: Sendable {
  /// What its rows come from.
  enum Source: Sendable {
    case records(RecordSource)
    case written(WrittenStatements)
  }

  let query: NamedQuery
  let source: Source
  let access: AccessRule
  /// Its sort, and after it what tells rows apart; nothing for a query that has no pages.
  let order: [QuerySpecification.Term]

  /// Nil where it cannot be asked of that store: what it reads is not there, or it is written for another.
  init?(_ query: NamedQuery, dialect: Dialect, resources: (String) -> ResourcePlan?) {
    if let statements = WrittenStatements(query, dialect: dialect) {
      source = .written(statements)
      order = NamedQueryPlan.order(query, statements)
    } else {
      guard query.written == nil, let plan = query.from.flatMap(resources) else { return nil }
      source = .records(RecordSource(query, plan: plan, resources: resources))
      order = query.isTotal ? [] : NamedQueryPlan.order(query)
    }
    self.query = query
    access = AccessRule(query.access)
  }

  private static func sorted(_ query: NamedQuery, _ names: [String]) -> [QuerySpecification.Term] {
    var order: [QuerySpecification.Term] = []
    for key in query.sort {
      guard let place = names.firstIndex(of: key.column), !order.contains(where: { $0.column == place }) else { continue }
      order.append(.init(column: place, isDescending: key.isDescending))
    }
    return order
  }

  private static func order(_ query: NamedQuery) -> [QuerySpecification.Term] {
    var order = sorted(query, query.columns.map(\.name))
    let direction = order.last?.isDescending ?? false
    guard query.isGrouped else { return order + [.init(column: nil, isDescending: direction)] }
    for place in query.columns.indices
    where query.columns[place].aggregate == nil && !order.contains(where: { $0.column == place }) {
      order.append(.init(column: place, isDescending: direction))
    }
    return order
  }

  /// Nothing is known that tells its rows apart, so all of a row does.
  private static func order(_ query: NamedQuery, _ statements: WrittenStatements) -> [QuerySpecification.Term] {
    var order = sorted(query, query.written?.columns.map(\.name) ?? [])
    guard let last = order.last else { return [] }
    for place in statements.sortableColumns where !order.contains(where: { $0.column == place }) {
      order.append(.init(column: place, isDescending: last.isDescending))
    }
    return order
  }
}

/// A resource's records, of which a query's rows are made.
struct RecordSource: Sendable {
  let query: NamedQuery
  /// Of the resource it reads.
  let plan: ResourcePlan
  let condition: AccessRule?
  /// Resources whose rows it looks at besides, whose own rules the caller is held to.
  let related: [String]

  init(_ query: NamedQuery, plan: ResourcePlan, resources: (String) -> ResourcePlan?) {
    self.query = query
    self.plan = plan
    condition = query.condition.map { AccessRule(.rule($0)) }
    var related: [String] = []
    for root in ([query.condition] + query.columns.map(\.expression)).compactMap({ $0?.root }) {
      for (resource, name) in root.namedMembers {
        var reached = resource == plan.resource.name ? [] : [resource]
        if let owner = resources(resource),
          let target = owner.resource.collection(name)?.resource ?? owner.table.field(name)?.reference?.resource
        {
          reached.append(target)
        }
        for name in reached where !related.contains(name) { related.append(name) }
      }
    }
    self.related = related
  }
}

/// What a query's condition may know: the rules' facts, and its parameters.
struct QueryFacts: ExpressionBindings {
  let facts: Facts
  let parameters: [String: Value]

  func caller(_ member: ExpressionNode.CallerMember) -> Value? { facts.caller(member) }
  func hasRole(_ role: String) -> Bool { facts.hasRole(role) }
  func request(_ member: ExpressionNode.RequestMember) -> Value? { facts.request(member) }
  func parameter(_ name: String) -> Value? { parameters[name] }
  var now: Timestamp? { facts.now }
}

/// What a query's text depends on.
struct QueryStatementKey: Hashable, Sendable {
  var query: String
  /// Of its condition: nil where it holds for every record, or for none.
  var outcomes: KnownOutcomes?
  var isNever: Bool
  /// The rules of its own rows and of related ones.
  var rule: Condition.Key?
  var sight: [Condition.Key]
  var unseen: [String]
  var seek: [Bool]?
  var limit: Int
}
