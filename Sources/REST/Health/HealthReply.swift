import Base
import HTTP
import JSON

/// The answers of `/health*`: never cached, and never a word about why.
enum HealthReply {
  private static let ok: [UInt8] = Array("{\"status\":\"ok\"}".utf8)
  private static let failing: [UInt8] = Array("{\"status\":\"failing\"}".utf8)
  private static let draining: [UInt8] = Array("{\"status\":\"draining\"}".utf8)

  /// The process runs this code, so it lives.
  static func live() -> HTTPResponse { response(200, ok) }

  static func response(_ check: HealthCheck, source: any HealthSource) async -> HTTPResponse {
    if check == .live { return live() }
    if source.isDraining { return response(503, draining) }
    let dependencies = await source.dependencies()
    let isWell = dependencies.allSatisfy { $0.isHealthy || !$0.isEssential }
    if check == .ready { return response(isWell ? 200 : 503, isWell ? ok : failing) }
    return response(isWell ? 200 : 503, body(dependencies, isWell: isWell))
  }

  private static func response(_ status: Int, _ body: [UInt8]) -> HTTPResponse {
    var response = HTTPResponse(status, body: .bytes(body))
    response.headers.reserve(400)
    response.headers.add(lines: "Content-Type: application/json\r\nCache-Control: no-store\r\n")
    response.headers.add(lines: SecurityHeaders.data)
    return response
  }

  private static func body(_ dependencies: [DependencyHealth], isWell: Bool) -> [UInt8] {
    var out: [UInt8] = []
    out.append(isWell ? "{\"status\":\"ok\",\"dependencies\":{" : "{\"status\":\"failing\",\"dependencies\":{" as StaticString)
    for (place, dependency) in dependencies.enumerated() {
      if place > 0 { out.append(UInt8(ascii: ",")) }
      out.appendJSONKey(dependency.name)
      out.append(dependency.isHealthy ? "{\"status\":\"ok\"" : "{\"status\":\"failing\"" as StaticString)
      if let nanoseconds = dependency.nanoseconds {
        // Microseconds are what a health check can tell.
        out.append(",\"milliseconds\":" as StaticString)
        out.append(decimal: nanoseconds / 1_000_000)
        out.append(UInt8(ascii: "."))
        out.append(padded: nanoseconds / 1000 % 1000, width: 3)
      }
      out.append(UInt8(ascii: "}"))
    }
    out.append("}}" as StaticString)
    return out
  }
}
