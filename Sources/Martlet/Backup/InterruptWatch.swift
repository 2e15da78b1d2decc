import Dispatch

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Has what was begun taken away when somebody ends the process by a signal in the midst of it; `end` gives the signals back.
struct InterruptWatch {
  private let sources: [any DispatchSourceSignal]
  private static let signals: [Int32] = [SIGINT, SIGTERM, SIGHUP]

  /// - Parameter cleanUp: on a thread of its own, before the process ends with 128 and the signal's number.
  init(_ cleanUp: @escaping @Sendable () -> Void) {
    sources = InterruptWatch.signals.map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        cleanUp()
        ProcessSignal.exitNow(128 + number)
      }
      source.resume()
      return source
    }
  }

  func end() {
    for source in sources { source.cancel() }
    for number in InterruptWatch.signals { signal(number, SIG_DFL) }
  }
}
