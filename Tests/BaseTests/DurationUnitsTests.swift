import Base
import Testing

@Suite struct DurationUnitsTests {
  @Test(
    "whole units are cut, and milliseconds of a timer rounded up",
    arguments: [
      (Duration.zero, 0, 0, 0), (.nanoseconds(1), 1, 0, 1), (.microseconds(999), 999_000, 0, 1),
      (.milliseconds(1), 1_000_000, 1, 1), (.nanoseconds(1_000_001), 1_000_001, 1, 2), (.seconds(3), 3_000_000_000, 3000, 3000),
      (Duration(secondsComponent: 0, attosecondsComponent: 1), 0, 0, 1), (.seconds(-1), 0, 0, 0), (.nanoseconds(-1), 0, 0, 0),
    ] as [(Duration, UInt64, UInt64, UInt64)])
  func units(duration: Duration, nanoseconds: UInt64, milliseconds: UInt64, roundedUp: UInt64) {
    #expect(duration.wholeNanoseconds == nanoseconds)
    #expect(duration.wholeMicroseconds == nanoseconds / 1000)
    #expect(duration.wholeMilliseconds == milliseconds)
    #expect(duration.millisecondsRoundedUp == roundedUp)
  }

  @Test func theLongestLeaveRoomForAClock() {
    let longest = Duration(secondsComponent: .max, attosecondsComponent: 999_999_999_999_999_999)
    for count in [longest.wholeNanoseconds, longest.wholeMicroseconds, longest.wholeMilliseconds, longest.millisecondsRoundedUp] {
      #expect(count == UInt64.max / 4)
    }
    let shortest = Duration(secondsComponent: .min, attosecondsComponent: 0)
    #expect(shortest.wholeNanoseconds == 0 && shortest.wholeMilliseconds == 0 && shortest.millisecondsRoundedUp == 0)
  }
}
