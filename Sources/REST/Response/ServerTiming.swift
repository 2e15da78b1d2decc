import Base

/// The value of `Server-Timing` (W3C Server Timing): how long the answer took, in milliseconds, and its statements.
enum ServerTiming {
  /// `total;dur=1.234, statements;desc="2"`
  static func value(_ nanoseconds: UInt64, statements: Int) -> [UInt8] {
    let microseconds = nanoseconds / 1000
    var out = Array("total;dur=".utf8)
    out.append(decimal: microseconds / 1000)
    out.append(UInt8(ascii: "."))
    out.append(padded: microseconds % 1000, width: 3)
    out.append(contentsOf: ", statements;desc=\"".utf8)
    out.append(decimal: UInt64(clamping: statements))
    out.append(UInt8(ascii: "\""))
    return out
  }
}
