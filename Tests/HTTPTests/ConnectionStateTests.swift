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

  @Test func aPeerThatReadsNothingIsGivenUp() {
    var state = state()
    state.headEnded(hasBody: false, waitsForContinue: false, now: 0)
    state.responseStarted(now: 0)
    state.outputWaits(now: 100)
    #expect(state.expiry(now: 30_099) == nil)
    state.outputWaits(now: 20_000)
    #expect(state.expiry(now: 49_999) == nil)
    #expect(state.expiry(now: 50_000) == .writeStall)
    state.outputDrained(now: 50_000)
    #expect(state.deadline == .max)
  }

  @Test func lingeringBeginsWhenEverythingIsWritten() {
    var state = state()
    state.headReceived(now: 0)
    state.outputWaits(now: 0)
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
    state.outputWaits(now: 0)
    #expect(state.deadline == 4)
    state.outputDrained(now: 0)
    state.responseEnded(now: 0)
    #expect(state.deadline == 2)
    state.linger(now: 0)
    #expect(state.deadline == 5)
  }
}
