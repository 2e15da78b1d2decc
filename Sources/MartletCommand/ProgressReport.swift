import Base
import Synchronization

/// How far long work is: a bar on a terminal, a line now and then elsewhere. On standard error.
final class ProgressReport: Sendable {
  private struct State {
    var bytes = 0
    var told: UInt64
    var isShown = false
  }
  private let state: Mutex<State>
  private let started: UInt64
  private let clock = SystemClock()
  /// Of the whole; nil where that is not known.
  private let bytesMax: Int?
  private let isTerminal = Output.isTerminal

  private static let barInterval: UInt64 = 100_000_000
  private static let lineInterval: UInt64 = 5_000_000_000
  private static let barWidth = 30

  init(bytesMax: Int?) {
    self.bytesMax = bytesMax
    started = clock.monotonicNanoseconds
    state = Mutex(State(told: started))
  }

  func read(_ count: Int) { state.withLock { $0.bytes += count } }

  /// So many bytes in all, told as such.
  func show(bytes: Int) {
    state.withLock { $0.bytes = bytes }
    tell("\(bytes >> 20) MiB")
  }

  /// - Parameter words: how many of what are done.
  func tell(_ words: @autoclosure () -> String) {
    let now = clock.monotonicNanoseconds
    let bytes: Int? = state.withLock { state in
      guard now &- state.told >= (isTerminal ? ProgressReport.barInterval : ProgressReport.lineInterval) else { return nil }
      state.told = now
      state.isShown = true
      return state.bytes
    }
    guard let bytes else { return }
    guard isTerminal else { return Output.words(words() + percent(bytes).map { ", \($0) %" }.joined()) }
    var text = "\r"
    for percent in percent(bytes) {
      let full = percent * ProgressReport.barWidth / 100
      text += "[" + String(repeating: "#", count: full) + String(repeating: " ", count: ProgressReport.barWidth - full) + "] \(percent) % "
    }
    Output.unfinished(text + words() + "\u{1b}[K")
  }

  /// Takes the bar away.
  func end() {
    if isTerminal, state.withLock(\.isShown) { Output.unfinished("\r\u{1b}[K") }
  }

  /// Since it began, in seconds with one digit.
  var seconds: String {
    let tenths = (clock.monotonicNanoseconds &- started) / 100_000_000
    return "\(tenths / 10).\(tenths % 10)"
  }

  /// None where the whole is not known.
  private func percent(_ bytes: Int) -> [Int] {
    guard let bytesMax, bytesMax > 0 else { return [] }
    return [min(100, bytes / max(1, bytesMax / 100))]
  }
}
