import Base
import Store
import Synchronization
import Testing

private final class StepClock: Clock {
  private let nanoseconds = Mutex<UInt64>(1_000)
  var now: Timestamp { Timestamp(microseconds: 0) }
  var monotonicNanoseconds: UInt64 { nanoseconds.withLock { $0 } }
  func advance(by duration: Duration) { nanoseconds.withLock { $0 += UInt64(duration / .nanoseconds(1)) } }
}

@Suite struct WriteTroubleTests {
  @Test(arguments: [
    (StoreError.Code.storage, true), (.readOnly, true), (.timeout, false), (.overloaded, false), (.invalidValue, false),
    (.outcomeUnknown, false), (.cancelled, false),
  ]) func remembersWhatIsNoFaultOfTheWrite(code: StoreError.Code, isKept: Bool) {
    let trouble = WriteTrouble()
    trouble.note(StoreError(code, "x"))
    #expect((trouble.error != nil) == isKept)
    trouble.clear()
    #expect(trouble.error == nil)
  }

  @Test func itsAgeIsThatOfTheLast() {
    let clock = StepClock()
    let trouble = WriteTrouble(clock: clock)
    trouble.note(StoreError(.storage, "first"))
    clock.advance(by: .seconds(5))
    #expect(trouble.age == .seconds(5))
    trouble.note(StoreError(.readOnly, "second"))
    clock.advance(by: .seconds(1))
    #expect(trouble.age == .seconds(1))
    #expect(trouble.error?.code == .readOnly)
  }
}
