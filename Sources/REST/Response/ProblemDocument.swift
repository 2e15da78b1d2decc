import Base
import JSON
import Service

/// A failure as `application/problem+json` (RFC 9457), with our members `code`, `request_id` and `errors`.
enum ProblemDocument {
  /// - Parameters:
  ///   - status: where HTTP itself refused with a status that the code's table does not have (501, 505).
  ///   - instance: the request's path; nil where there was none.
  static func bytes(
    _ failure: Failure, status: Int? = nil, origin: String, instance: String?, requestID: String
  ) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(400)
    out.append("{\"type\":" as StaticString)
    out.appendJSON(string: origin + "/problems/" + failure.code.rawValue)
    out.append(",\"title\":" as StaticString)
    out.appendJSON(string: failure.code.texts.title)
    out.append(",\"status\":" as StaticString)
    out.append(decimal: Int64(status ?? failure.code.status))
    out.append(",\"code\":" as StaticString)
    out.appendJSON(string: failure.code.rawValue)
    out.append(",\"detail\":" as StaticString)
    out.appendJSON(string: failure.detail)
    if let instance {
      out.append(",\"instance\":" as StaticString)
      out.appendJSON(string: instance)
    }
    out.append(",\"request_id\":" as StaticString)
    out.appendJSON(string: requestID)
    if !failure.items.isEmpty { append(failure.items, to: &out) }
    for member in failure.members {
      out.append(UInt8(ascii: ","))
      out.appendJSONKey(member.name)
      out.append(contentsOf: member.json)
    }
    out.append(UInt8(ascii: "}"))
    return out
  }

  private static func append(_ items: [Failure.Item], to out: inout [UInt8]) {
    out.append(",\"errors\":[" as StaticString)
    for (place, item) in items.enumerated() {
      out.append(place == 0 ? "{" : ",{" as StaticString)
      if let pointer = item.pointer {
        out.append("\"pointer\":" as StaticString)
        out.appendJSON(string: pointer)
        out.append(UInt8(ascii: ","))
      }
      if let parameter = item.parameter {
        out.append("\"parameter\":" as StaticString)
        out.appendJSON(string: parameter)
        out.append(UInt8(ascii: ","))
      }
      out.append("\"code\":" as StaticString)
      out.appendJSON(string: item.code)
      out.append(",\"detail\":" as StaticString)
      out.appendJSON(string: item.detail)
      out.append(UInt8(ascii: "}"))
    }
    out.append(UInt8(ascii: "]"))
  }
}

extension Failure {
  /// What HTTP itself refused, as the code of the table that fits the status.
  static func ofHTTP(status: Int, detail: String?) -> Failure {
    let code: FailureCode =
      switch status {
      case 404: .notFound
      case 405: .methodNotAllowed
      case 408: .requestTimeout
      case 504: .timeout
      case 413: .bodyTooLarge
      case 414: .uriTooLong
      case 415: .unsupportedMediaType
      case 417: .expectationFailed
      case 431: .headersTooLarge
      case 429: .rateLimited
      case 503: .overloaded
      case 400..<500, 501, 505: .badRequest
      default: .internal
      }
    return Failure(code, detail ?? code.texts.example)
  }
}
