/// Why an operation was refused: a code of the table, and what a client needs to mend it.
package struct Failure: Error, Sendable {
  package struct Item: Sendable, Equatable {
    /// JSON pointer into the body, or nil.
    package var pointer: String?
    /// The query parameter at fault, or nil.
    package var parameter: String?
    /// `format`, `required`, `unknown_field` ...
    package var code: String
    package var detail: String
    package init(pointer: String? = nil, parameter: String? = nil, code: String, detail: String) {
      self.pointer = pointer
      self.parameter = parameter
      self.code = code
      self.detail = detail
    }
  }

  package var code: FailureCode
  package var detail: String
  package var items: [Item] = []
  /// Further members of the problem document: name and JSON text.
  package var members: [(name: String, json: [UInt8])] = []
  /// Seconds.
  package var retryAfter: Int?
  /// The body's content coding is at fault: what is sent of the answer says which are read.
  package var isOfCoding = false
  /// Refused because more came than the store can do, and not because of anything in the request.
  package var wasShed = false
  /// For the log only.
  package var cause: String?
  package var statements = 0

  package init(_ code: FailureCode, _ detail: String, items: [Item] = []) {
    self.code = code
    self.detail = detail
    self.items = items
  }
}
