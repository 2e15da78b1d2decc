#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A thread of the system, for what blocks: none of that may run on an event loop.
///
/// Safety: the handle is a name of the thread that is never followed; it is used once, by `join`.
package struct SystemThread: @unchecked Sendable {
  /// The system started none. The body has not run and will not.
  package struct StartError: Error, Equatable {
    /// A positive `errno`.
    package var code: Int32
  }

  /// Enough for what calls a database's or the system's library.
  package static let stackBytes = 2 << 20

  private let handle: pthread_t

  /// Starts a thread that is to be joined.
  package init(stackBytes: Int = SystemThread.stackBytes, _ body: @escaping @Sendable () -> Void) throws(StartError) {
    handle = try SystemThread.create(isDetached: false, stackBytes: stackBytes, body)
  }

  /// Starts a thread that nobody waits for: its body says itself when it ends.
  package static func detach(_ body: @escaping @Sendable () -> Void) throws(StartError) {
    _ = try create(isDetached: true, stackBytes: stackBytes, body)
  }

  /// As `detach`; where the system has no thread left, the body runs on this one and its caller waits.
  package static func detachOrRun(_ body: @escaping @Sendable () -> Void) {
    do { try detach(body) } catch { body() }
  }

  /// Waits until the thread has ended. Once, from another thread.
  package func join() { pthread_join(handle, nil) }

  /// Gives the calling thread a little less of a processor that others want as well, for good. Where threads share their process's
  /// priority (elsewhere than on Linux) nothing happens.
  package static func giveWay() {
    #if canImport(Glibc)
    // 0 is the calling thread; 5 is about a third of an equal share.
    _ = setpriority(Int32(PRIO_PROCESS.rawValue), 0, 5)
    #endif
  }

  /// Has the calling thread do nothing for so long.
  ///
  /// Safety: the system reads a value of ours.
  package static func rest(nanoseconds: UInt64) {
    var time = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    _ = unsafe nanosleep(&time, nil)
  }

  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Safety: the body is retained for the thread, which releases it; where none was started, it is released here. The
  /// attributes live until the call is over.
  private static func create(
    isDetached: Bool, stackBytes: Int, _ body: @escaping @Sendable () -> Void
  ) throws(StartError) -> pthread_t {
    let body = unsafe Unmanaged.passRetained(Body(body))
    var attributes = pthread_attr_t()
    unsafe pthread_attr_init(&attributes)
    defer { unsafe pthread_attr_destroy(&attributes) }
    if isDetached { unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED)) }
    unsafe pthread_attr_setstacksize(&attributes, stackBytes)
    #if canImport(Glibc)
    var thread = pthread_t()
    let code = unsafe pthread_create(
      &thread, &attributes,
      { context in
        if let context = unsafe context { unsafe Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run() }
        return nil
      }, body.toOpaque())
    if code == 0 { return thread }
    #else
    var thread: pthread_t?
    let code = unsafe pthread_create(
      &thread, &attributes,
      { context in
        unsafe Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, body.toOpaque())
    if code == 0, let thread = unsafe thread { return unsafe thread }
    #endif
    unsafe body.release()
    throw StartError(code: code)
  }
}
