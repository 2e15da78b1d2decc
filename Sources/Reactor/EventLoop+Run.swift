import CUV
import Synchronization

extension EventLoop {
  func enqueueRemote(_ work: Work) {
    let mustWake: WakeHandle? = remote.withLock { remote in
      guard !remote.isClosed else { return nil }
      remote.queue.append(work)
      // One wake-up for a whole queue: the loop takes all of it at once.
      guard remote.queue.count == 1 else { return nil }
      wake?.beginSend()
      return wake
    }
    // Sent outside the lock; announced inside it, so that the loop does not close the handle in between.
    mustWake?.send()
  }

  /// Moves what other threads queued into the local queue.
  func takeRemote() {
    remote.withLock { remote in
      if local.isEmpty {
        swap(&local, &remote.queue)
      } else {
        local.append(contentsOf: remote.queue)
        remote.queue.removeAll(keepingCapacity: true)
      }
    }
  }

  /// The thread's body: runs ticks until `stop`, then closes every handle.
  ///
  /// Safety: the uv loop is used by this thread alone from here on, and closed only when no handle is left.
  func runThread(ready: () -> Void) {
    becomeCurrent()
    unsafe uv_update_time(uv)
    ready()
    var busyTicks = 0
    while true {
      runJobs()
      if isStopping && local.isEmpty && beforeWait.isEmpty { break }
      if beforeWait.isEmpty {
        unsafe uv_run(uv, local.isEmpty && tickEnd.isEmpty ? UV_RUN_ONCE : UV_RUN_NOWAIT)
        continue
      }
      if busyTicks < EventLoop.ticksBeforeWaitingMax {
        busyTicks += 1
        unsafe uv_run(uv, UV_RUN_NOWAIT)
        if !local.isEmpty || !tickEnd.isEmpty { continue }
      }
      busyTicks = 0
      runBeforeWaiting()
    }
    closeAll()
    resignCurrent()
  }

  func runBeforeWaiting() {
    swap(&beforeWait, &beforeWaitRunning)
    for body in beforeWaitRunning { body() }
    beforeWaitRunning.removeAll(keepingCapacity: true)
  }

  /// Runs ready jobs, then the tick-end bodies, until both are empty or the tick's budget is spent.
  func runJobs() {
    var budget = EventLoop.jobsPerTickMax
    while true {
      while !local.isEmpty && budget > 0 {
        swap(&local, &running)
        budget -= running.count
        var index = 0
        while index < running.count {
          run(running[index])
          index += 1
        }
        running.removeAll(keepingCapacity: true)
      }
      if tickEnd.isEmpty { return }
      swap(&tickEnd, &tickEndRunning)
      for body in tickEndRunning { body() }
      tickEndRunning.removeAll(keepingCapacity: true)
      if budget <= 0 { return }
    }
  }

  /// Safety: each unowned job comes from `enqueue` and is run once, here, on the loop's thread.
  private func run(_ work: Work) {
    switch work {
    case .job(let job):
      unsafe job.runSynchronously(on: asUnownedTaskExecutor())
    case .body(let body):
      body()
    }
  }

  /// Lets the loop end once its queue is empty. From any thread.
  func stop() {
    execute { [self] in isStopping = true }
  }

  /// Closes all handles (which gives their memory back in their close callbacks), runs what that woke, and closes the
  /// uv loop.
  ///
  /// Safety: every handle of this loop is a `LoopHandle` whose `data` holds a retained reference until its close
  /// callback ran; `uv_walk` calls back before it returns.
  func closeAll() {
    var left: [Work] = []
    remote.withLock { remote in
      remote.isClosed = true
      swap(&left, &remote.queue)
    }
    for work in left { run(work) }
    wake?.waitForSenders()
    unsafe uv_walk(
      uv,
      { handle, _ in
        guard let handle = unsafe handle, unsafe uv_is_closing(handle) == 0, let data = unsafe handle.pointee.data else {
          return
        }
        unsafe Unmanaged<LoopHandle>.fromOpaque(data).takeUnretainedValue().close()
      }, nil)
    // Close callbacks may wake tasks, which may finish here; the number of rounds is bounded by uv's own handles.
    repeat { runJobs() } while unsafe uv_run(uv, UV_RUN_NOWAIT) != 0 || !local.isEmpty || !tickEnd.isEmpty
    let code = unsafe uv_loop_close(uv)
    precondition(code == 0, "a handle was left open on event loop \(index)")
    // These hold the loop.
    wake = nil
    lagTimer = nil
  }
}
