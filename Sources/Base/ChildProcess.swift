import CSpawn

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A program of the system that was started here, and ends with the thread that started it. One thread at a time uses it.
///
/// Safety: arguments and environment are copies that live until the call is over, as arrays that end with a null; the system fills
/// values and buffers of ours, which are as long as they say.
package final class ChildProcess {
  /// How a program ended.
  package struct End: Sendable {
    /// Its exit code; 128 and the signal's number where one ended it.
    package var code: Int32
    /// What it wrote on standard output, up to `outputBytesMax`.
    package var output: String
    /// The end of what it complained of.
    package var complaint: String
  }

  /// What is kept of a program's output.
  package static let outputBytesMax = 8 << 20
  private static let complaintBytesMax = 2048

  private let process: pid_t
  /// Ours of its standard output and its complaints; and of its input, where that is held open.
  private var pipes: [Int32]
  private var output: [UInt8] = []
  private var complaint: [UInt8] = []
  private var code: Int32?

  /// Starts it.
  ///
  /// - Parameters:
  ///   - path: the program's file.
  ///   - environment: all of it, as `NAME=VALUE`.
  ///   - holdsInput: nothing comes on its standard input, and that has no end while this is held; else it is at its end.
  ///
  /// Safety: as the type.
  package init(_ path: String, _ arguments: [String], environment: [String], holdsInput: Bool = false) throws(SystemError) {
    // Reading and writing ends in turn.
    var ends: [Int32] = []
    do throws(SystemError) {
      for _ in 0..<3 { ends += try ChildProcess.pipe(path) }
    } catch {
      for end in ends { close(end) }
      throw error
    }
    let (input, out, errors) = (ends[0], ends[3], ends[5])
    let started = unsafe ChildProcess.withTexts([path] + arguments) { arguments in
      unsafe ChildProcess.withTexts(environment) { environment in unsafe martlet_spawn(path, arguments, environment, input, out, errors) }
    }
    for end in [input, out, errors] { close(end) }
    guard started > 0 else {
      for end in [ends[1], ends[2], ends[4]] { close(end) }
      throw SystemError(code: -started, path: path)
    }
    process = started
    pipes = [ends[2], ends[4]]
    for end in pipes { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
    if holdsInput { pipes.append(ends[1]) } else { close(ends[1]) }
  }

  /// One that still runs is ended: nobody else waits for it.
  ///
  /// Safety: as the type.
  deinit {
    if code == nil {
      kill(process, SIGKILL)
      var status: Int32 = 0
      while unsafe waitpid(process, &status, 0) < 0, errno == EINTR {}
    }
    for end in pipes { close(end) }
  }

  /// Safety: as the type.
  private static func pipe(_ path: String) throws(SystemError) -> [Int32] {
    var ends: [Int32] = [-1, -1]
    #if canImport(Glibc)
    let code = unsafe Glibc.pipe(&ends)
    #else
    let code = unsafe Darwin.pipe(&ends)
    #endif
    guard code == 0 else { throw .last(path) }
    // Another program that is started in between holds them too: nobody here waits for their end.
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return ends
  }

  /// What it has written on standard output, as far as `poll` has seen it.
  package var said: String { String(decoding: output, as: UTF8.self) }

  /// Takes what it wrote, and tells how it ended; nil while it runs. Never waits.
  ///
  /// Safety: as the type.
  package func poll() -> End? {
    if code == nil {
      var status: Int32 = 0
      let found = unsafe waitpid(process, &status, WNOHANG)
      if found == process {
        code = status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
      } else if found < 0, errno != EINTR {
        code = 255
      }
    }
    // After the end has been seen, so that nothing is left behind.
    take(pipes[0], &output, Int.max)
    take(pipes[1], &complaint, ChildProcess.complaintBytesMax)
    guard let code else { return nil }
    let words = String(decoding: complaint, as: UTF8.self).split(separator: "\n").joined(separator: "; ")
    return End(code: code, output: said, complaint: words)
  }

  /// Asks it to end, or (`insists`) ends it.
  package func end(insists: Bool = false) { if code == nil { kill(process, insists ? SIGKILL : SIGTERM) } }

  /// Waits for its end, and has it end where it is given up.
  ///
  /// - Parameter goesOn: asked some times a second; false gives it up.
  package func wait(goesOn: () -> Bool) -> End {
    var pause: UInt64 = 1_000_000
    var rounds = 0
    while true {
      if let end = poll() { return end }
      if rounds > 0 || !goesOn() {
        // Five seconds to clean up behind itself.
        end(insists: rounds > 50)
        rounds += 1
      }
      SystemThread.rest(nanoseconds: pause)
      pause = min(100_000_000, pause * 2)
    }
  }

  /// Of this process, by name.
  ///
  /// Safety: nothing here changes the environment; each text is copied.
  package static var environment: [String: String] {
    var values: [String: String] = [:]
    var entry = unsafe environ
    while let text = unsafe entry.pointee {
      let pair = unsafe String(cString: text)
      if let equals = pair.firstIndex(of: "=") { values[String(pair[..<equals])] = String(pair[pair.index(after: equals)...]) }
      unsafe entry += 1
    }
    return values
  }

  /// Runs a program to its end.
  package static func run(
    _ path: String, _ arguments: [String], environment: [String], goesOn: () -> Bool = { true }
  ) throws(SystemError) -> End {
    try ChildProcess(path, arguments, environment: environment).wait(goesOn: goesOn)
  }

  /// - Parameter kept: of more, the end.
  ///
  /// Safety: as the type.
  private func take(_ pipe: Int32, _ bytes: inout [UInt8], _ kept: Int) {
    var piece = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = unsafe read(pipe, &piece, piece.count)
      guard count > 0 else { return }
      bytes += piece.prefix(min(count, max(0, ChildProcess.outputBytesMax - min(bytes.count, ChildProcess.outputBytesMax))))
      if bytes.count > kept { bytes.removeFirst(bytes.count - kept) }
    }
  }

  /// Safety: as the type.
  private static func withTexts(_ texts: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Int32) -> Int32 {
    var copies = unsafe texts.map { unsafe strdup($0) } + [nil]
    defer { unsafe copies.forEach { unsafe free($0) } }
    return unsafe copies.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return -EINVAL }
      return unsafe body(base)
    }
  }
}
