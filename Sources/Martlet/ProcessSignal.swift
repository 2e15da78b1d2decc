#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The signals that a service knows.
enum ProcessSignal {
  static let terminate: Int32 = SIGTERM
  static let interrupt: Int32 = SIGINT
  static let hangUp: Int32 = SIGHUP

  static func exitNow(_ code: Int32) -> Never { _exit(code) }
}
