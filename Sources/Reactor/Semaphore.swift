import CUV

/// A counting semaphore for threads (never for tasks).
///
/// Safety: uv semaphores may be used from any thread; the memory lives as long as the object.
@safe final class Semaphore: @unchecked Sendable {
  private let memory: UnsafeMutablePointer<uv_sem_t>

  init() {
    unsafe memory = .allocate(capacity: 1)
    let code = unsafe uv_sem_init(memory, 0)
    precondition(code == 0, "the system has no semaphore left")
  }

  deinit {
    unsafe uv_sem_destroy(memory)
    unsafe memory.deallocate()
  }

  func signal() { unsafe uv_sem_post(memory) }
  func wait() { unsafe uv_sem_wait(memory) }
}
