/// How the REST interface shows itself on a listener.
package struct RESTOptions: Sendable {
  package var exposure = Exposure.all
  /// Scheme and authority for absolute URLs (`https://api.example.com`), where a proxy stands before the service. Nil takes
  /// the request's own Host.
  package var publicOrigin: String?
  /// Whether the listener speaks TLS.
  package var isSecure = false
  /// Pages of which other origins may call it from a browser; nil for none.
  package var crossOrigin: CrossOrigin?
  /// Whether answers say how long they took (`Server-Timing`): for development, since it tells strangers what is costly.
  package var showsTiming = false
  /// A longer request body is 413.
  package var bodyBytesMax = 1 << 20
  /// Exports and imports at once; one more is 503.
  package var transfersMax = 32

  package init() {}
}

/// Which of the paths a listener answers.
package enum Exposure: Sendable {
  /// Everything (one address for all, as in development).
  case all
  /// Everything but `/metrics`.
  case api
  /// `/health*` and `/metrics` only: the operations port.
  case operations
}
