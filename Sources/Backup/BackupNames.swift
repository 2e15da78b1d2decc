/// How the files of a timeline are named. Numbers have 16 digits, so that names sort as numbers do.
package enum BackupNames {
  /// What a file ends in until it is whole.
  package static let draftSuffix = ".part"
  private static let digits = 16

  package static func base(_ commit: UInt64) -> String { "base-\(padded(commit)).db" }
  package static func manifest(_ commit: UInt64) -> String { "base-\(padded(commit)).json" }
  package static func segment(_ first: UInt64, _ last: UInt64) -> String { "log-\(padded(first))-\(padded(last)).seg" }

  /// The commit in the name of a manifest.
  static func commit(ofManifest name: String) -> UInt64? {
    let parts = name.split(separator: "-")
    guard parts.count == 2, parts[0] == "base", parts[1].hasSuffix(".json") else { return nil }
    return number(parts[1].dropLast(5))
  }

  /// The first and the last commit in the name of a segment.
  static func commits(ofSegment name: String) -> ClosedRange<UInt64>? {
    let parts = name.split(separator: "-")
    guard parts.count == 3, parts[0] == "log", parts[2].hasSuffix(".seg"), let first = number(parts[1]),
      let last = number(parts[2].dropLast(4)), first <= last
    else { return nil }
    return first...last
  }

  private static func number(_ text: Substring) -> UInt64? {
    text.utf8.count == digits && text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? UInt64(text) : nil
  }

  private static func padded(_ number: UInt64) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
  }
}
