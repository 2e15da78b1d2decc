import Base

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The process's environment.
enum Environment {
  static func value(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
  static var all: [String: String] { ChildProcess.environment }
}
