import HTTP
import Testing

@Suite struct ConnectionStateTests {
  private func state(now: UInt64 = 1000, _ change: (inout HTTPLimits) -> Void = { _ in }) -> ConnectionState {
    var limits = HTTPLimits()
    change(&limits)
    return ConnectionState(limits: limits, now: now)
  }

  @Test func aNewConnectionHasTheTimeOfAHead() {
    let state = state()
    #expect(state.deadline == 11_000)
    #expect(state.expiry(now: 10_999) == nil)
    #expect(state.expiry(now: 11_000) == .close)
  }

  @Test func aHeadHasTenSecondsFromItsFirstByte() {
    var state = state()
    state.headReceived(now: 5000)
    state.headReceived(now: 14_000)
    #expect(state.deadline == 15_000)
    #expect(state.expiry(now: 15_000) == .headTimeout)
  }

  @Test func betweenRequestsThereIsMoreTime() {
    var state = state()
    state.headReceived(now: 1000)
    state.headEnded(hasBody: false, waitsForContinue: false, now: 1000)
    state.responseStarted(now: 1100)
    state.responseEnded(now: 1200)
    #expect(state.phase == .idle)
    #expect(state.deadline == 76_200)
    #expect(state.expiry(now: 76_200) == .close)
    state.headReceived(now: 2000)
    #expect(state.expiry(now: 12_000) == .headTimeout)
  }

  @Test func aHandlerHasThirtySecondsFromTheEndOfTheRequest() {
    var state = state()
    state.headEnded(hasBody: true, waitsForContinue: false, now: 1000)
    state.bodyReceived(10, now: 20_000)
    state.bodyEnded(now: 20_000)
    #expect(state.expiry(now: 49_999) == nil)
    #expect(state.expiry(now: 50_000) == .handlerTimeout)
    state.responseStarted(now: 50_000)
    #expect(state.deadline == .max)
  }

  @Test func aSilentBodyEndsAfterThirtySeconds() {
    var state = state()
    state.headEnded(hasBody: true, waitsForContinue: false, now: 1000)
    #expect(state.expiry(now: 31_000) == .bodyTimeout)
    state.bodyReceived(100_000_000, now: 20_000)
    #expect(state.expiry(now: 49_999) == nil)
    #expect(state.expiry(now: 50_000) == .bodyTimeout)
  }

  @Test func aBodyThatDripsEndsThoughItIsNeverSilent() {
    var state = state { $0.bodyRateMin = 100 }
    state.headEnded(hasBody: true, waitsForContinue: false, now: 0)
    var now: UInt64 = 0
    while state.expiry(now: now) == nil, now < 100_000 {
      now += 1000
      state.bodyReceived(10, now: now)
    }
    // 30 s, and a tenth of a second for each second of dripping.
    #expect(now == 34_000)
    #expect(state.expiry(now: now) == .bodyTimeout)
  }

  @Test func aBodyOfTheLeastRateMayTakeForever() {
    var state = state { $0.bodyRateMin = 100 }
    state.headEnded(hasBody: true, waitsForContinue: false, now: 0)
    for second in 1...3600 as ClosedRange<UInt64> {
      state.bodyReceived(100, now: second * 1000)
      #expect(state.expiry(now: second * 1000) == nil)
    }
  }

  @Test func aBodyThatWaitsForItsHandlerIsNotTheClientsFault() {
    var state = state()
    state.headEnded(hasBody: true, waitsForContinue: false, now: 0)
    state.bodyReceived(65_536, now: 1000)
    state.pauseBody(now: 1000)
    #expect(state.expiry(now: 30_999) == nil)
    #expect(state.expiry(now: 31_000) == .handlerTimeout)
    state.resumeBody(now: 20_000)
    #expect(state.expiry(now: 49_999) == nil)
    #expect(state.expiry(now: 50_000) == .bodyTimeout)
  }

  @Test func aBodyThatWaitsForContinueHasNoClock() {
    var state = state()
    state.headEnded(hasBody: true, waitsForContinue: true, now: 0)
    #expect(state.expiry(now: 29_999) == nil)
    #expect(state.expiry(now: 30_000) == .handlerTimeout)
    state.resumeBody(now: 29_000)
    #expect(state.expiry(now: 58_999) == nil)
    #expect(state.expiry(now: 59_000) == .bodyTimeout)
  }

  private static func responding() -> ConnectionState {
    var state = ConnectionStateTests().state()
    state.headEnded(hasBody: false, waitsForContinue: false, now: 0)
    state.responseStarted(now: 0)
    return state
  }

  @Test func aPeerThatReadsNothingIsGivenUp() {
    var state = ConnectionStateTests.responding()
    state.outputWaits(taken: 5_000_000, now: 100)
    #expect(state.expiry(now: 30_099) == nil)
    #expect(state.expiry(now: 30_100) == .writeStall)
    // What was written again is nothing that the peer has taken.
    state.outputWaits(taken: 5_000_000, now: 20_000)
    state.outputTaken(5_000_000, now: 20_000)
    #expect(state.expiry(now: 30_100) == .writeStall)
    state.outputDrained(now: 50_000)
    #expect(state.deadline == .max)
  }

  @Test(
    "a peer has to take a kibibyte a second, and has thirty seconds for nothing",
    arguments: [
      // A byte now and then.
      (29_000 as UInt64, 1 as UInt64, 31_000 as UInt64), (1_000, 1, 31_000), (1_000, 512, 60_000),
      // No more than thirty seconds are earned by one that took much and stops.
      (1_000, 1_023, 30_000_000),
    ])
  func tooSlow(every: UInt64, bytes: UInt64, until: UInt64) {
    var state = ConnectionStateTests.responding()
    state.outputWaits(taken: 0, now: 0)
    var (now, taken) = (0 as UInt64, 0 as UInt64)
    while state.expiry(now: now) == nil, now <= until * 2 {
      now += 1_000
      if now.isMultiple(of: every) { taken += bytes }
      state.outputTaken(taken, now: now)
    }
    #expect(state.expiry(now: now) == .writeStall)
    #expect(now <= until + 1_000)
  }

  @Test(
    "a slow honest peer is waited for",
    arguments: [(1_000 as UInt64, 1_024 as UInt64), (1_000, 10_000), (25_000, 25_600), (7_000, 65_536)])
  func slowEnough(every: UInt64, bytes: UInt64) {
    var state = ConnectionStateTests.responding()
    state.outputWaits(taken: 0, now: 0)
    for step in 1...2_000 as ClosedRange<UInt64> {
      if (step * 1_000).isMultiple(of: every) { state.outputTaken(step * 1_000 / every * bytes, now: step * 1_000) }
      #expect(state.expiry(now: step * 1_000) == nil)
    }
  }

  @Test func whatWasTakenBeforeBuysNoMoreThanTheTimeItself() {
    var state = ConnectionStateTests.responding()
    state.outputWaits(taken: 0, now: 0)
    state.outputTaken(1 << 40, now: 1_000)
    state.outputTaken(.max, now: 1_000)
    #expect(state.deadline == 31_000)
    // Figures that go back are no progress.
    state.outputTaken(7, now: 2_000)
    #expect(state.expiry(now: 31_000) == .writeStall)
  }

  @Test func whoHasNothingToTakeHasNoClock() {
    var state = ConnectionStateTests.responding()
    state.outputWaits(taken: 0, now: 0)
    state.outputDrained(now: 29_000)
    #expect(!state.isOutputWaiting)
    #expect(state.deadline == .max)
    state.outputWaits(taken: 10, now: 500_000)
    #expect(state.expiry(now: 529_999) == nil)
    #expect(state.expiry(now: 530_000) == .writeStall)
  }

  @Test func whileMemoryIsShortThereIsLessTime() {
    var state = ConnectionStateTests.responding()
    state.outputWaits(taken: 0, now: 0)
    #expect(!state.hasStalled(for: .seconds(5), now: 4_999))
    #expect(state.hasStalled(for: .seconds(5), now: 5_000))
    state.outputTaken(5_120, now: 5_000)
    #expect(!state.hasStalled(for: .seconds(5), now: 9_999))
    #expect(state.hasStalled(for: .seconds(5), now: 10_000))
    state.outputDrained(now: 10_000)
    #expect(!state.hasStalled(for: .seconds(5), now: 100_000))
  }

  @Test func lingeringBeginsWhenEverythingIsWritten() {
    var state = state()
    state.headReceived(now: 0)
    state.outputWaits(taken: 0, now: 0)
    state.linger(now: 0)
    #expect(state.expiry(now: 10_000) == nil)
    state.outputDrained(now: 10_000)
    #expect(state.expiry(now: 11_999) == nil)
    #expect(state.expiry(now: 12_000) == .close)
    state.close()
    #expect(state.expiry(now: .max) == nil)
  }

  @Test func everyTimeIsTheOneGiven() {
    var state = state(now: 0) {
      $0.headTimeMax = .milliseconds(1)
      $0.idleTimeMax = .milliseconds(2)
      $0.handlerTimeMax = .milliseconds(3)
      $0.writeStallMax = .milliseconds(4)
      $0.lingerTimeMax = .milliseconds(5)
      $0.bodyTimeMax = .milliseconds(6)
    }
    #expect(state.deadline == 1)
    state.headEnded(hasBody: true, waitsForContinue: false, now: 0)
    #expect(state.deadline == 6)
    state.bodyEnded(now: 0)
    #expect(state.deadline == 3)
    state.responseStarted(now: 0)
    state.outputWaits(taken: 0, now: 0)
    #expect(state.deadline == 4)
    state.outputDrained(now: 0)
    state.responseEnded(now: 0)
    #expect(state.deadline == 2)
    state.linger(now: 0)
    #expect(state.deadline == 5)
  }
}
