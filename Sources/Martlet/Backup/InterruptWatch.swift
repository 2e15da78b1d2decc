import Dispatch

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Has what was begun taken away when somebody ends the process by a signal in the midst of it; `end` gives the signals back.
struct InterruptWatch {
  private let sources: [(number: Int32, source: any DispatchSourceSignal)]

  /// - Parameter cleanUp: on a thread of its own, before the process ends with 128 and the signal's number.
  init(_ cleanUp: @escaping @Sendable () -> Void) {
    sources = [SIGINT, SIGTERM, SIGHUP].compactMap { number in
      // As under `nohup`: what is ignored stays so.
      guard InterruptWatch.address(signal(number, SIG_IGN)) != InterruptWatch.address(SIG_IGN) else { return nil }
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        cleanUp()
        ProcessSignal.exitNow(128 + number)
      }
      source.resume()
      return (number, source)
    }
  }

  func end() {
    for (number, source) in sources {
      source.cancel()
      signal(number, SIG_DFL)
    }
  }

  /// Handlers are told apart by it.
  private static func address(_ handler: (@convention(c) (Int32) -> Void)?) -> Int { unsafeBitCast(handler, to: Int.self) }
}
