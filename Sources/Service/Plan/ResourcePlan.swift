import Contract
import Store

/// Everything about one resource that does not depend on who asks: made once, read by every request.
final class ResourcePlan: Sendable {
  /// Its place among the engine's plans, for cache keys.
  let number: Int
  let resource: Resource
  let table: TableLayout
  let reads: ReadStatements
  let writes: WriteStatements
  let create: AccessRule
  let read: AccessRule
  let update: UpdateRule
  let delete: AccessRule
  let export: AccessRule
  let transitions: [String: (transition: StateMachine.Transition, rule: AccessRule)]
  /// Members that have a rule of their own for reading, and for writing.
  let restrictedReads: [(place: Int, rule: AccessRule)]
  let restrictedWrites: [Int: AccessRule]
  let constraints: [(name: String, rule: AccessRule)]
  /// By place; nil for what the engine keeps itself.
  let readers: [FieldReader?]
  /// What an unrestricted caller sees.
  let everything: Visibility
  /// Columns that the database computes: never written.
  let generatedColumns: Set<String>
  /// Reads a row's columns, each once, in the order of `allColumns`.
  let wholeRow: ReadStatement
  /// The statement of a plain read by id, where neither caller nor parameters change it.
  let plainItem: ReadStatement

  init(number: Int, resource: Resource, table: TableLayout, dialect: Dialect) {
    self.number = number
    self.resource = resource
    self.table = table
    reads = ReadStatements(dialect: dialect, table: table)
    writes = WriteStatements(dialect: dialect, table: table)
    create = AccessRule(resource.storage.isReadOnly ? .nobody : resource.access.create)
    read = AccessRule(resource.access.read)
    update = UpdateRule(resource.storage.isReadOnly ? .nobody : resource.access.update)
    delete = AccessRule(resource.storage.isReadOnly ? .nobody : resource.access.delete)
    export = AccessRule(resource.access.export)
    var transitions: [String: (StateMachine.Transition, AccessRule)] = [:]
    for transition in resource.states?.transitions ?? [] {
      transitions[transition.name] = (transition, AccessRule(transition.access))
    }
    self.transitions = transitions
    var restrictedReads: [(Int, AccessRule)] = []
    var restrictedWrites: [Int: AccessRule] = [:]
    var readers: [FieldReader?] = []
    for (place, field) in table.fields.enumerated() {
      readers.append(field.field.map { FieldReader($0.type) })
      if let access = field.field?.read { restrictedReads.append((place, AccessRule(access))) }
      if let access = field.field?.write { restrictedWrites[place] = AccessRule(access) }
    }
    self.readers = readers
    self.restrictedReads = restrictedReads
    self.restrictedWrites = restrictedWrites
    constraints = resource.constraints.map { ($0.name, AccessRule(.rule($0.condition))) }
    generatedColumns = Set(table.fields.filter { $0.field?.isGenerated == true }.flatMap { $0.columns.map(\.name) })
    wholeRow = reads.item(Projection(members: [], captures: table.allColumns.map { .column($0) }), rule: nil, among: .all)
    let places = table.fields.indices.filter { !table.fields[$0].isSecret }
    everything = Visibility(places: places)
    let projection = Projection(
      members: places.map { Projection.Member(place: $0) }, captures: ResourcePlan.stateCaptures(table))
    plainItem = reads.item(projection, rule: nil)
  }

  /// What tells a record's state: its revision, or the whole row where there is none.
  static func stateCaptures(_ table: TableLayout) -> [Projection.Captured] {
    if let place = table.place("revision"), table.hasRevision { return [.field(place)] }
    return table.fields.indices.map { .field($0) }
  }

  /// What this caller sees of the resource's members.
  func visibility(_ facts: Facts) -> Visibility {
    guard !restrictedReads.isEmpty else { return everything }
    var visibility = everything
    for (place, rule) in restrictedReads {
      switch rule.grant(facts) {
      case .always: visibility.key.append(1)
      case .never:
        visibility.key.append(0)
        visibility.places.removeAll { $0 == place }
      case .when(let condition):
        visibility.key.append(2)
        visibility.conditions.append((place, condition))
      }
    }
    return visibility
  }
}

/// The members of a resource that one caller sees: always, or in some rows.
struct Visibility: Sendable {
  var places: [Int]
  var conditions: [(place: Int, condition: Condition)] = []
  /// One byte for each restricted member: what became of its rule.
  var key: [UInt8] = []

  init(places: [Int]) { self.places = places }

  func condition(at place: Int) -> Condition? { conditions.first { $0.place == place }?.condition }
  /// Seen in every row: only such a member may be filtered or sorted by, because what a list finds would tell the others.
  func shows(_ place: Int) -> Bool { places.contains(place) && condition(at: place) == nil }
}
