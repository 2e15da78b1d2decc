package import Identity

/// Several changes that take effect together or not at all.
package struct Batch: Sendable {
  package struct Item: Sendable {
    /// Its key may be a reference, `{NAME.MEMBER}`, and its body may hold some, `{"$from": "NAME.MEMBER"}`.
    package var operation: Operation
    /// The name by which later ones refer to its result.
    package var name: String?

    package init(_ operation: Operation, name: String? = nil) {
      self.operation = operation
      self.name = name
    }
  }

  package var items: [Item]
  package var caller: Caller
  package var context: RequestContext
  /// One key for the whole.
  package var idempotency: Idempotency?

  package static let itemsMax = 100

  package init(_ items: [Item], caller: Caller, context: RequestContext) {
    self.items = items
    self.caller = caller
    self.context = context
  }
}
