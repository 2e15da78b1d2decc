/// Why a request was refused by the parser. The connection cannot be used after it: nobody knows where the next
/// request would begin.
package struct HTTPParseError: Error, Sendable, Equatable {
  /// The status to answer with: 400, 413, 414, 417, 431, 501 or 505.
  package var status: Int
  /// In plain words, made of constants: nothing of what the peer sent is repeated.
  package var detail: String

  package init(_ status: Int, _ detail: String) {
    self.status = status
    self.detail = detail
  }
}
