import Base

extension HTTPResponse {
  /// Appends the server's own answer as it is sent: with its length, and as the last of its connection.
  ///
  /// - Parameters:
  ///   - dateLine: `Date` with its line end.
  ///   - isOfHead: the request was HEAD: the body stays away.
  func appendRefusal(to out: inout [UInt8], dateLine: [UInt8], isOfHead: Bool = false) {
    var content: [UInt8] = []
    if case .bytes(let bytes) = body { content = bytes }
    HTTPStatusLine.append(status, to: &out)
    out.append(contentsOf: dateLine)
    out.append(contentsOf: headers.bytes)
    out.append("Connection: close\r\nContent-Length: ")
    out.append(decimal: UInt64(content.count))
    out.append("\r\n\r\n")
    if !isOfHead { out.append(contentsOf: content) }
  }
}
