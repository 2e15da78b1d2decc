import HTTP
import Identity
import Service

extension RESTHandler {
  /// `GET` of a collection in a form that has no pages: every record, written as fast as the client takes it.
  ///
  /// What fails before the first page is a problem document. What fails later cuts the connection: a chunked body without its end is
  /// how a client of HTTP/1.1 sees that something is missing.
  func export(
    _ reader: OperationReader, _ route: Route, as form: TransferForm, caller: Caller, context: RequestContext, _ exchange: inout Exchange
  ) async throws(Failure) -> HTTPResponse {
    guard let place = transfers.take() else { throw RESTHandler.tooManyTransfers }
    let operation = try await reader.export(route, caller: caller, context: context)
    let pages = try await operations.export(operation, as: form)
    let watch = StreamWatch()
    exchange.watch = watch
    var response = HTTPResponse(
      200,
      body: .stream(length: nil) { writer in
        defer { watch.end() }
        var pages = pages
        do throws(Failure) {
          while let piece = try await pages.next() {
            try await RESTHandler.write(piece, to: writer)
            watch.sent(piece.bytes.count)
          }
          watch.succeed()
        } catch {
          watch.fail(error)
          throw error
        }
        withExtendedLifetime(place) {}
      })
    response.headers.reserve(640)
    response.headers.add("Content-Type", form == .csv ? "text/csv; charset=utf-8; header=present" : "application/x-ndjson")
    response.headers.add("Content-Disposition", "attachment; filename=\"\(operation.resource).\(form.rawValue)\"")
    response.headers.add(lines: "Cache-Control: private, no-store\r\nVary: Authorization, Cookie, Accept, Accept-Encoding\r\n")
    response.headers.add(lines: SecurityHeaders.data)
    return response
  }

  private static func write(_ piece: AnswerPiece, to writer: HTTPBodyWriter) async throws(Failure) {
    do throws(HTTPWriteError) {
      try await writer.write(piece.bytes)
    } catch {
      throw Failure(.unavailable, "The client takes nothing more")
    }
    withExtendedLifetime(piece.lease) {}
  }

  static var tooManyTransfers: Failure {
    var failure = Failure(.overloaded, "Too many exports and imports are under way")
    failure.retryAfter = 5
    return failure
  }
}
