/// Durations as counts: 0 for negative ones, and at most a quarter of the type's range, so that a clock's time may be added.
extension Duration {
  package var wholeNanoseconds: UInt64 { whole(.nanosecond) }
  package var wholeMicroseconds: UInt64 { whole(.microsecond) }
  package var wholeMilliseconds: UInt64 { whole(.millisecond) }

  /// For timers: none may fire too early.
  package var millisecondsRoundedUp: UInt64 { Duration(attoseconds: attoseconds + Unit.millisecond.rawValue - 1).wholeMilliseconds }

  /// In attoseconds.
  private enum Unit: Int128 {
    case nanosecond = 1_000_000_000
    case microsecond = 1_000_000_000_000
    case millisecond = 1_000_000_000_000_000
  }

  private func whole(_ unit: Unit) -> UInt64 { UInt64(clamping: min(attoseconds / unit.rawValue, Int128(UInt64.max / 4))) }
}
