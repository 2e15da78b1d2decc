import Base
import Contract
import Store

/// One level of an answer, for one caller: what is selected of a resource, under which rule, with which relations.
///
/// It does not change once it is made: an object, so that handing it on costs one count.
final class ReadNode: Sendable {
  struct Relation: Sendable {
    /// As the request names it.
    var name: String
    /// The ref's place in the parent's fields; nil for a collection.
    var ref: Int?
    /// For a collection: the field of the child that refers back.
    var by: FieldLayout?
    var node: ReadNode
  }

  let plan: ResourcePlan
  let selection: Selection
  let visibility: Visibility
  let grant: Grant
  let relations: [Relation]
  let projection: Projection
  /// Values of the projection's slots.
  let slots: [Value]
  let captures: CapturePlaces

  /// Where captured values stand in a row's captures.
  struct CapturePlaces: Sendable {
    var stride = 0
    var key = 0..<0
    var state = 0..<0
    /// By relation, for refs.
    var refs: [Int?] = []
    /// For a collection's rows: the parent's key.
    var parent: Int?
    var order = 0..<0
  }

  /// What a node's rows are for.
  enum Role {
    /// The one record of an answer: its state goes into the ETag.
    case item
    /// The rows of a list.
    case list
    /// Records that refs lead to.
    case referred
    /// The rows of a collection: the field that refers to the parent.
    case collected(FieldLayout)
  }

  /// - Parameters:
  ///   - order: columns whose values are wanted for cursors.
  init(
    _ plan: ResourcePlan, selection: Selection, engine: Engine, facts: Facts, role: Role, order: [OrderTerm] = []
  ) throws(Failure) {
    self.plan = plan
    self.selection = selection
    visibility = plan.visibility(facts)
    grant = plan.read.grant(facts)
    var relations: [Relation] = []
    for include in selection.includes {
      guard let target = Selection.target(of: include.relation, in: plan.resource).flatMap(engine.plan(of:)) else { continue }
      let by = plan.resource.collection(include.relation).flatMap { target.table.field($0.by) }
      let node = try ReadNode(target, selection: include.selection, engine: engine, facts: facts, role: by.map(Role.collected) ?? .referred)
      relations.append(
        Relation(name: include.relation, ref: by == nil ? plan.table.place(include.relation) : nil, by: by, node: node))
    }
    self.relations = relations
    let included = Set(relations.compactMap(\.ref))
    var slots: [Value] = []
    var members: [Projection.Member] = []
    for place in visibility.places where selection.shows(plan.table.fields[place].name) && !included.contains(place) {
      var member = Projection.Member(place: place)
      if let condition = visibility.condition(at: place) {
        let predicate = try engine.predicate(condition, on: plan.table)
        member.condition = predicate.predicate
        slots.append(contentsOf: predicate.values)
      }
      members.append(member)
    }
    self.slots = slots
    (projection, captures) = ReadNode.project(plan, members: members, relations: relations, role: role, order: order)
  }

  private static func project(
    _ plan: ResourcePlan, members: [Projection.Member], relations: [Relation], role: Role, order: [OrderTerm]
  ) -> (Projection, CapturePlaces) {
    var captured: [Projection.Captured] = []
    var places = CapturePlaces()
    func add(_ capture: Projection.Captured, width: Int) -> Range<Int> {
      captured.append(capture)
      places.stride += width
      return places.stride - width..<places.stride
    }
    // Only what is looked at is taken out of the row: a page has many.
    if role.isIncluded || relations.contains(where: { $0.by != nil }) { places.key = add(.field(0), width: plan.table.key.count) }
    if case .item = role {
      let first = places.stride
      for capture in ResourcePlan.stateCaptures(plan.table) {
        guard case .field(let place) = capture else { continue }
        _ = add(capture, width: plan.table.fields[place].columns.count)
      }
      places.state = first..<places.stride
    }
    for relation in relations {
      guard let ref = relation.ref else {
        places.refs.append(nil)
        continue
      }
      places.refs.append(add(.field(ref), width: 1).lowerBound)
    }
    if case .collected(let parent) = role { places.parent = add(.column(parent.columns[0]), width: 1).lowerBound }
    let start = places.stride
    for term in order { _ = add(.column(term.layout), width: 1) }
    places.order = start..<places.stride
    return (Projection(members: members, captures: captured), places)
  }

  /// What the SQL of this node's statements depends on, besides their kind.
  var conditions: [Condition.Key] {
    var keys = visibility.conditions.map(\.condition.key)
    if let condition = grant.condition { keys.append(condition.key) }
    return keys
  }
}

extension ReadNode.Role {
  /// Whether its rows stand inside another's.
  var isIncluded: Bool {
    switch self {
    case .item, .list: false
    case .referred, .collected: true
    }
  }
}
