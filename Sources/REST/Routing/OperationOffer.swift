import Contract

/// What a resource offers to somebody at all: the one place where `Allow` and the OpenAPI document get their methods from.
struct OperationOffer: Sendable {
  let collection: MethodSet
  let item: MethodSet
  /// Transitions that somebody may make.
  let transitions: [StateMachine.Transition]

  /// Records' histories can be read, and records as they were.
  let hasHistory: Bool
  /// Deleted records are kept, and somebody may delete: who may, sees them and brings them back.
  let restores: Bool

  /// Nobody may do anything with it.
  var isEmpty: Bool { collection == [.options] && item == [.options] && transitions.isEmpty }

  init(_ resource: Resource) {
    let access = resource.access
    let writable = !resource.storage.isReadOnly
    var collection: MethodSet = [.options]
    var item: MethodSet = [.options]
    if !access.read.isNobody {
      collection.formUnion([.get, .head, .query])
      item.formUnion([.get, .head])
    }
    if writable, !access.create.isNobody { collection.insert(.post) }
    if writable, !access.update.isNobody { item.formUnion([.put, .patch]) }
    if writable, !access.delete.isNobody { item.insert(.delete) }
    restores = resource.isSoftDeleted && writable && !access.delete.isNobody
    hasHistory = resource.hasHistory && !access.read.isNobody
    self.collection = collection
    self.item = item
    transitions = writable ? (resource.states?.transitions ?? []).filter { !$0.access.isNobody } : []
  }
}

extension Access {
  var isNobody: Bool { if case .nobody = self { true } else { false } }
}
