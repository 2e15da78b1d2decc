import Reactor
import Synchronization
import Testing

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

@Suite struct DescriptorWatchTests {
  private final class Held: Sendable {
    let watch = Mutex<DescriptorWatch?>(nil)
  }

  /// Two connected sockets.
  private func pair() throws -> (Int32, Int32) {
    var ends: [Int32] = [0, 0]
    #if canImport(Glibc)
    let code = socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends)
    #else
    let code = socketpair(AF_UNIX, SOCK_STREAM, 0, &ends)
    #endif
    try #require(code == 0)
    return (ends[0], ends[1])
  }

  @Test func readinessIsToldAndPausedAndToldAgain() async throws {
    let (near, far) = try pair()
    try await withLoops { group in
      let loop = group.loops[0]
      let held = Held()
      let first = await withCheckedContinuation { (done: CheckedContinuation<DescriptorEvents, Never>) in
        loop.execute {
          let made = try? loop.watch(descriptor: near, events: .readable) { events in
            held.watch.withLock { $0?.update([]) }
            done.resume(returning: events)
          }
          held.watch.withLock { $0 = made }
          write(far, "x", 1)
        }
      }
      #expect(first == .readable)
      // Not read, and told again once both directions are asked for.
      let isPaused = await Task(executorPreference: loop) { held.watch.withLock { $0?.events.isEmpty } }.value
      #expect(isPaused == true)
      await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
        loop.execute {
          held.watch.withLock { $0?.close() }
          let made = try? loop.watch(descriptor: near, events: [.readable, .writable]) { events in
            #expect(events == [.readable, .writable])
            held.watch.withLock { $0?.close() }
            done.resume()
          }
          held.watch.withLock { $0 = made }
        }
      }
    }
    close(near)
    close(far)
  }

  @Test func aClosedDescriptorIsRefused() async throws {
    try await withLoops { group in
      let loop = group.loops[0]
      let reason = await Task(executorPreference: loop) {
        do throws(ReactorError) {
          _ = try loop.watch(descriptor: 9999, events: .readable) { _ in }
          return "taken"
        } catch {
          return error.reason
        }
      }.value
      #expect(reason == "bad file descriptor")
    }
  }
}
