import HTTP
import Reactor

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A bare server, to be measured against nginx's `return 200` and to be sent raw requests by the differential test.
enum HTTPBenchmark {
  /// Answers `/` with 20 fixed bytes, `/big/N` with N bytes, `/stream` with chunks, `/null` without reading a body, and
  /// everything else with a line that says how the request was understood.
  struct Handler: HTTPHandler {
    private static let fixed = Array("{\"status\":\"healthy\"}".utf8)
    private static let root: [UInt8] = [0x2f]

    func respond(to request: HTTPRequest) async -> HTTPResponse {
      if request.pathBytes.elementsEqual(Handler.root) {
        return HTTPResponse(200, headers: HTTPHeaders("Content-Type: application/json\r\n"), body: .bytes(Handler.fixed))
      }
      let path = request.path
      if path.hasPrefix("/big/"), let count = Int(path.dropFirst(5)), count <= 1 << 30 {
        return HTTPResponse(200, body: .bytes([UInt8](repeating: 0x61, count: count)))
      }
      if path == "/stream" {
        return HTTPResponse(
          200,
          body: .stream(length: nil) { writer in
            for number in 0..<1000 { try await writer.write(Array("line \(number)\n".utf8)) }
          })
      }
      if path == "/null" { return HTTPResponse(204) }
      do throws(HTTPBodyError) {
        let body = try await request.body.collect(upTo: 1 << 20)
        let names = request.headers.map { "\($0.name.lowercased())=\($0.value)" }.joined(separator: "&")
        return .text(200, "\(request.method.name) \(request.target) \(body.count) \(names)\n")
      } catch {
        return .text(error.status, "body: \(error)\n")
      }
    }
  }

  /// Serves until SIGTERM or SIGINT.
  static func run(address: ListenAddress, loops: Int) async {
    do throws(ReactorError) {
      let group = try EventLoopGroup(count: loops)
      var configuration = HTTPServerConfiguration()
      configuration.limits.connectionsMax = 100_000
      let server = HTTPServer(group: group, listeners: [address], configuration: configuration, handler: Handler())
      let bound = try await server.start()
      print("listening on \(bound.map(\.description).joined(separator: ", "))")
      fflush(nil)
      let ended = AsyncStream<Int32>.makeStream()
      group.onSignal([SIGTERM, SIGINT]) { ended.continuation.yield($0) }
      for await _ in ended.stream { break }
      await server.drain(limit: .seconds(5))
      print(server.counters())
      group.stop()
    } catch {
      print(error)
      exit(1)
    }
  }
}
