extension RawRequest {
  private static func get(_ lines: String, minor: Int = 1) -> String { "GET / HTTP/1.\(minor)\r\nHost: a\r\n\(lines)\r\n" }

  /// RFC 9112 section 9.
  static let connections: [RawRequest] = [
    .init("close", get("Connection: close\r\n"), "GET / close"),
    .init("close in other case", get("connection: CLOSE\r\n"), "GET / close"),
    .init("close in a list", get("Connection: x, close ,y\r\n"), "GET / close"),
    .init("close in a second field", get("Connection: keep-alive\r\nConnection: close\r\n"), "GET / close"),
    .init("closed is another word", get("Connection: closed\r\n"), "GET /"),
    .init("empty elements", get("Connection: ,, ,\r\n"), "GET /"),
    .init("HTTP/1.0 with keep-alive", get("Connection: Keep-Alive\r\n", minor: 0), "GET /"),
    .init("HTTP/1.0 with both", get("Connection: keep-alive, close\r\n", minor: 0), "GET / close"),
    .init("HTTP/1.0 with a body", "POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello", "POST / hello close"),
    .init(
      "three in a row", get("") + "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx" + get("Connection: close\r\n"),
      "GET /", "POST /b x", "GET / close"),
    .init("an empty line between two", get("") + "\r\n" + get(""), "GET /", "GET /"),
    .init("two empty lines between two", get("") + "\r\n\r\n" + get(""), "GET /", "400"),
    .init("rubbish behind a request", get("") + "\u{01}\u{02}\r\n\r\n", "GET /", "400"),
    .init("a bad one behind a good one", get("") + "GET /b HTTP/1.1\r\n\r\n", "GET /", "400"),
  ]

  /// What is known of request smuggling and its relatives (RFC 9112 section 11.2), whole.
  static let attacks: [RawRequest] = [
    .init(
      "CL.TE", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 13\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nSMUGGLED",
      "400"),
    .init(
      "TE.CL", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nSMUGGLED\r\n0\r\n\r\n",
      "400"),
    .init(
      "TE.TE", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-encoding: x\r\n\r\n0\r\n\r\n", "400"),
    .init(
      "CL.0", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 34\r\n\r\nGET /admin HTTP/1.1\r\nHost: a\r\nX: y\r\n",
      "GET / GET /admin HTTP/1.1\r\nHost: a\r\nX: y", "..."),
    .init(
      "a line feed hides a coding", "POST / HTTP/1.1\r\nHost: a\r\nX: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"),
    .init(
      "a return hides a coding", "POST / HTTP/1.1\r\nHost: a\r\nX: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"),
    .init("a tab for a name's end", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n", "400"),
    .init("a coding before the request line's end", "GET / HTTP/1.1\nTransfer-Encoding: chunked\r\nHost: a\r\n\r\n", "400"),
    .init("a space before a first field", "GET / HTTP/1.1\r\n Host: a\r\nHost: b\r\n\r\n", "400"),
    .init(
      "a chunk size hides a request",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\nxx4c\r\nGET /admin HTTP/1.1\r\n\r\n0\r\n\r\n", "400"),
    .init(
      "a chunk extension hides a request",
      "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;\nxx\r\n4c\r\n0\r\n\r\nGET /admin HTTP/1.1\r\n\r\n", "400"),
    .init(
      "a chunk size wraps 64 bits",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\n",
      "400"),
    .init("a length wraps 32 bits", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4294967301\r\n\r\nhello", "413"),
    .init("the host in the request line and another in Host", "GET http://a/ HTTP/1.1\r\nHost: b\r\nHost: a\r\n\r\n", "400"),
    .init("a header injected into the target", "GET /a%0d%0aX:y\r\n: HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
    .init("a proxy's field names another host", "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-Host: b\r\n\r\n", "GET /"),
    .init("a Connection field names Host", "GET / HTTP/1.1\r\nHost: a\r\nConnection: Host\r\n\r\n", "GET /"),
    .init(
      "a body of a length in a second value", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\tContent-Length: 5\r\n\r\nhello", "400"),
  ]
}
