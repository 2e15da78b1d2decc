package import Expression

/// One resource: its stored fields, its relations and its rules.
package struct Resource: Sendable {
  package var name: String
  package var description: String?
  /// In the order of the file, without `id`, `created_at`, `updated_at` and `revision`.
  package var fields: [Field] = []
  /// Inverses of refs: `{many: order_items, by: order}`.
  package var collections: [Collection] = []
  package var access = ResourceAccess()
  /// Declared indexes, without those that `unique`, `index` and refs bring (`Plan` adds them).
  package var indexes: [Index] = []
  package var constraints: [Constraint] = []
  package var states: StateMachine?
  /// Fields that may be filtered without an index, under the row budget.
  package var filterable: [String] = []
  /// The row budget of a list.
  package var scanMax = 10_000
  /// Deleted records are kept: `delete: soft`, or its records go along with those of such a resource.
  package var isSoftDeleted = false
  /// Its records' events can be read, and records as they were.
  package var hasHistory = false
  package var clientChoosesID = false
  package var concurrencyRequired = false
  package var idempotencyRequired = false
  /// How long answers may be cached by others.
  package var cacheLifetime: Duration?
  /// How long its records are kept after they were made.
  package var retention: Duration?
  package var partitioning: Partitioning?
  /// Its name before it was renamed.
  package var was: String?
  package var storage: Storage
  /// The identity's own resource.
  package var isUsers: Bool { name == "users" }

  /// When a record was deleted, where such records are kept: a member and a column.
  package static let deletedMember = "deleted_at"
  /// What brings such a record back, where a transition's name would stand.
  package static let restoring = "restore"

  package init(name: String) {
    self.name = name
    storage = Storage(table: name)
  }

  /// The key of one column that no field shows beside `id`.
  private var hasLoneKey: Bool { storage.key.count == 1 && !fields.contains { $0.column == storage.key[0].column } }

  /// An adopted table's integer key, which grows by one.
  package var isKeyNumbered: Bool {
    guard !storage.hasOwnKey, hasLoneKey, case .integer = storage.key[0].type else { return false }
    return true
  }

  /// A create says `id`: a natural key of an adopted table (then it must), or one that the contract leaves to clients.
  package var takesKey: Bool { storage.hasOwnKey ? clientChoosesID : hasLoneKey && !isKeyNumbered }
  package var needsKey: Bool { takesKey && !storage.hasOwnKey }

  /// Its records' keys are made here, and tell when.
  package var keyTellsTime: Bool { storage.isManaged && storage.hasOwnKey && !clientChoosesID }

  package func field(_ name: String) -> Field? { fields.first { $0.name == name } }
  package func collection(_ name: String) -> Collection? { collections.first { $0.name == name } }
}

/// Where a resource lies in the database.
package struct Storage: Sendable {
  package var table: String
  package var schema: String?
  /// Whether Martlet makes and changes the table. False for an adopted one unless it says `managed: true`.
  package var isManaged = true
  /// A view or another thing that cannot be written.
  package var isReadOnly = false
  /// The key's columns; one `uuid` named `id` unless adopted. A composite key's parts are joined with `,` in URLs.
  package var key: [KeyColumn] = [KeyColumn(name: "id", column: "id", type: .uuid)]
  package var hasRevision = true
  package var hasTimestamps = true

  package init(table: String) { self.table = table }
  /// A key that is Martlet's own: one UUIDv7 named `id`.
  package var hasOwnKey: Bool { key.count == 1 && key[0].type == .uuid && key[0].column == "id" }
}

/// One column of a key.
package struct KeyColumn: Sendable {
  /// The name in JSON: `id` for a key of one column; for a composite key the field's own name.
  package var name: String
  package var column: String
  package var type: FieldType
  /// The store makes it (identity, rowid): a create leaves it out and reads it back.
  package var isGenerated = false
  package init(name: String, column: String, type: FieldType) {
    self.name = name
    self.column = column
    self.type = type
  }
}

/// `{many: RESOURCE, by: REF}`
package struct Collection: Sendable {
  package var name: String
  package var resource: String
  package var by: String
  package var description: String?
  package init(name: String, resource: String, by: String) {
    self.name = name
    self.resource = resource
    self.by = by
  }
}

/// An index over fields, in order, each ascending or descending.
package struct Index: Sendable, Equatable {
  package struct Part: Sendable, Equatable {
    package var field: String
    package var descending: Bool
    package init(field: String, descending: Bool = false) {
      self.field = field
      self.descending = descending
    }
  }
  package var parts: [Part]
  package var isUnique: Bool
  package init(parts: [Part], isUnique: Bool = false) {
    self.parts = parts
    self.isUnique = isUnique
  }
}

/// A named condition over `input` that every create and update must fulfil.
package struct Constraint: Sendable {
  package var name: String
  package var condition: CheckedExpression
  package init(name: String, condition: CheckedExpression) {
    self.name = name
    self.condition = condition
  }
}

/// `states:`
package struct StateMachine: Sendable {
  package struct Transition: Sendable {
    package var name: String
    package var from: [String]
    package var to: String
    package var access: Access
    package init(name: String, from: [String], to: String, access: Access) {
      self.name = name
      self.from = from
      self.to = to
      self.access = access
    }
  }
  package var field: String
  package var transitions: [Transition]
  package init(field: String, transitions: [Transition]) {
    self.field = field
    self.transitions = transitions
  }
}

/// Who may do a thing. What is not granted is denied.
package indirect enum Access: Sendable {
  case anyone
  case authenticated
  case nobody
  /// Any of these roles.
  case roles([String])
  case rule(CheckedExpression)
}

/// A resource's rules; `read` covers list and get.
package struct ResourceAccess: Sendable {
  package var create: Access = .nobody
  package var read: Access = .nobody
  package var update: Access = .nobody
  package var delete: Access = .nobody
  /// Of what `read` lets a caller see.
  package var export: Access = .nobody
  package init() {}
}
