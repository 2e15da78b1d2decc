/// The header lines that every answer has, so that a browser takes it for nothing but what it is.
enum SecurityHeaders {
  /// For data: nothing may be loaded by it or frame it.
  static let data: StaticString =
    """
    X-Content-Type-Options: nosniff\r\n\
    Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n\
    Referrer-Policy: no-referrer\r\n\
    Cross-Origin-Resource-Policy: same-origin\r\n
    """

  /// For pages of ours: their own script and style, and requests to this origin. Nothing inline.
  static let page: StaticString =
    """
    X-Content-Type-Options: nosniff\r\n\
    Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n\
    Referrer-Policy: no-referrer\r\n\
    Cross-Origin-Resource-Policy: same-origin\r\n\
    Cross-Origin-Opener-Policy: same-origin\r\n\
    X-Frame-Options: DENY\r\n
    """

  /// Only over TLS (RFC 6797 section 7.2): two years.
  static let strictTransport: StaticString = "Strict-Transport-Security: max-age=63072000; includeSubDomains\r\n"
}
