import Store

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A thread of the store's own, detached: its end is told by whoever it runs.
enum StoreThread {
  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Safety: the body is retained for the thread by `passRetained` and released by the thread itself; where no thread comes up,
  /// it is released here.
  static func start(_ run: @escaping @Sendable () -> Void) throws(StoreError) {
    let body = unsafe Unmanaged.passRetained(Body(run))
    var attributes = pthread_attr_t()
    unsafe pthread_attr_init(&attributes)
    defer { unsafe pthread_attr_destroy(&attributes) }
    unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    unsafe pthread_attr_setstacksize(&attributes, 2 << 20)
    #if canImport(Glibc)
    var thread = pthread_t()
    let code = unsafe pthread_create(
      &thread, &attributes,
      { context in
        if let context = unsafe context { unsafe Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run() }
        return nil
      }, body.toOpaque())
    #else
    var thread: pthread_t?
    let code = unsafe pthread_create(
      &thread, &attributes,
      { context in
        unsafe Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, body.toOpaque())
    #endif
    if code != 0 {
      unsafe body.release()
      throw StoreError(.storage, "no thread could be started: error \(code)")
    }
  }
}
