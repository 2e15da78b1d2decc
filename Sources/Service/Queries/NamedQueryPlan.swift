import Base
import Contract
import Expression
import Identity
import Store

/// A named query, ready to be asked.
final class NamedQueryPlan: Sendable {
  let query: NamedQuery
  /// Of the resource it reads.
  let plan: ResourcePlan
  let access: AccessRule
  let condition: AccessRule?
  /// Its sort, and after it what tells rows apart; nothing for a query of one row.
  let order: [QuerySpecification.Term]
  /// Resources whose rows it looks at besides, whose own rules the caller is held to.
  let related: [String]

  init?(_ query: NamedQuery, plan: ResourcePlan?, resources: (String) -> ResourcePlan?) {
    guard let plan else { return nil }
    self.query = query
    self.plan = plan
    access = AccessRule(query.access)
    condition = query.condition.map { AccessRule(.rule($0)) }
    var order: [QuerySpecification.Term] = []
    if !query.isTotal {
      for key in query.sort {
        guard let place = query.columns.firstIndex(where: { $0.name == key.column }), !order.contains(where: { $0.column == place }) else {
          continue
        }
        order.append(.init(column: place, isDescending: key.isDescending))
      }
      let direction = order.last?.isDescending ?? false
      if query.isGrouped {
        for place in query.columns.indices
        where query.columns[place].aggregate == nil && !order.contains(where: { $0.column == place }) {
          order.append(.init(column: place, isDescending: direction))
        }
      } else {
        order.append(.init(column: nil, isDescending: direction))
      }
    }
    self.order = order
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
