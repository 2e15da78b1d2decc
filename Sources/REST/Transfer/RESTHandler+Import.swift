import HTTP
import Identity
import Service

extension RESTHandler {
  /// `POST` of a collection with many records: its body is read as fast as they are made.
  func performImport(
    _ reader: OperationReader, _ form: TransferForm, caller: Caller, context: RequestContext, _ exchange: inout Exchange
  ) async throws(Failure) -> HTTPResponse {
    guard let place = transfers.take() else { throw RESTHandler.tooManyTransfers }
    defer { withExtendedLifetime(place) {} }
    let order = try reader.recordImport(form, caller: caller, context: context)
    let answer = try await operations.perform(order, from: BodyPieces(reader.request.body.makeReader()))
    exchange.statements = answer.statements
    var response = HTTPResponse(answer, isAuthenticated: caller.isAuthenticated)
    if let handling = reader.preferences.handling { response.headers.add("Preference-Applied", "handling=" + handling.rawValue) }
    return response
  }
}

/// A request's body, piece by piece.
private struct BodyPieces: BytePieces {
  private var reader: HTTPBodyReader

  init(_ reader: HTTPBodyReader) { self.reader = reader }

  mutating func next() async throws(Failure) -> [UInt8]? {
    do throws(HTTPBodyError) {
      return try await reader.next()
    } catch {
      switch error {
      case .tooLarge(let limit): throw Failure(.bodyTooLarge, "An import may be \(limit) bytes long; send it in parts")
      case .overloaded: throw .memory
      case .timeout: throw Failure(.requestTimeout, "The body did not come in time")
      case .malformed, .disconnected, .unreadable: throw Failure(.badRequest, "The body could not be read to its end")
      }
    }
  }
}
