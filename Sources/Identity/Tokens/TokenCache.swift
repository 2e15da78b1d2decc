import Crypto
import Synchronization

/// Tokens that were verified, by the SHA-256 of their text: the text itself is not kept. Bounded; when it is full, the first
/// token that was not used since the hand last passed it makes room (second chance). Safe from any thread.
final class TokenCache: Sendable {
  private struct Slot {
    var digest: SHA256Digest
    var token: VerifiedToken
    var wasUsed: Bool
  }

  private struct State {
    var places: [SHA256Digest: Int] = [:]
    var slots: [Slot] = []
    var hand = 0
    var generation: UInt64 = 0
  }

  private let state = Mutex(State())
  private let capacity: Int

  init(capacity: Int) {
    precondition(capacity > 0)
    self.capacity = capacity
  }

  func find(_ digest: SHA256Digest) -> VerifiedToken? {
    state.withLock { state in
      guard let place = state.places[digest] else { return nil }
      state.slots[place].wasUsed = true
      return state.slots[place].token
    }
  }

  /// Taken before a token is verified, given back with it: what was verified with keys that are gone is not kept.
  var generation: UInt64 { state.withLock { $0.generation } }

  func insert(_ token: VerifiedToken, _ digest: SHA256Digest, generation: UInt64) {
    state.withLock { state in
      guard generation == state.generation, state.places[digest] == nil else { return }
      let slot = Slot(digest: digest, token: token, wasUsed: false)
      guard state.slots.count == capacity else {
        state.places[digest] = state.slots.count
        state.slots.append(slot)
        return
      }
      while state.slots[state.hand].wasUsed {
        state.slots[state.hand].wasUsed = false
        state.hand = (state.hand + 1) % capacity
      }
      state.places[state.slots[state.hand].digest] = nil
      state.places[digest] = state.hand
      state.slots[state.hand] = slot
      state.hand = (state.hand + 1) % capacity
    }
  }

  func removeAll() {
    state.withLock { state in
      state.places.removeAll()
      state.slots.removeAll()
      state.hand = 0
      state.generation &+= 1
    }
  }

  var count: Int { state.withLock { $0.slots.count } }
}
