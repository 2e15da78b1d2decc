package import Identity

/// Many records to be made, one after the other.
package struct RecordImport: Sendable {
  package var resource: String
  package var form: TransferForm
  package var caller: Caller
  package var context: RequestContext
  /// One key for the whole. The fingerprint says nothing of the body: of that a digest is kept as it comes.
  package var idempotency: Idempotency?
  /// Ends at the first record that is refused.
  package var isStrict = false
  /// Passes over members that the service keeps itself (`id`, `created_at`, ...), as an export has them.
  package var isLenient = false
  /// Told after each group how far it is.
  package var onProgress: (@Sendable (ImportCounts) -> Void)?

  package init(_ resource: String, _ form: TransferForm, caller: Caller, context: RequestContext) {
    self.resource = resource
    self.form = form
    self.caller = caller
    self.context = context
  }
}

/// How far an import is.
package struct ImportCounts: Sendable, Equatable {
  /// Records that were looked at.
  package var records = 0
  package var created = 0
  package var refused = 0
  package init() {}
}
