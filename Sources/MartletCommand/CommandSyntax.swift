import Base
import Identity

/// One flag of a command. Each has an environment variable: `--log-level` is `MARTLET_LOG_LEVEL`.
struct Flag: Sendable {
  var name: String
  /// What stands after it in the help; nil for a switch.
  var value: String?
  var help: String
  var mayRepeat = false
  /// One letter that stands for it: `-o FILE`.
  var letter: Character?

  var variable: String { "MARTLET_" + name.uppercased().map { $0 == "-" ? "_" : String($0) }.joined() }

  init(_ name: String, _ value: String? = nil, _ help: String, mayRepeat: Bool = false, letter: Character? = nil) {
    self.name = name
    self.value = value
    self.help = help
    self.mayRepeat = mayRepeat
    self.letter = letter
  }

  static let contract = Flag("contract", "FILE", "the contract (default martlet.yaml)")
  static let data = Flag("data", "FOLDER", "where the service's signing key is kept (default data)")
  static let signingKeyFile = Flag(
    "signing-key-file", "FILE",
    "the signing key that several machines share; or its text in MARTLET_SIGNING_KEY (default: made in the data folder)")
}

/// A command: its words, its flags and what it does.
struct Command: Sendable {
  var name: String
  /// Words after the flags, for the usage line.
  var operands = ""
  var operandCount = 0...0
  var summary: String
  var flags: [Flag]
  var run: @Sendable (Invocation) async throws(CommandFailure) -> ExitCode
}

/// A command as it was called.
struct Invocation {
  private(set) var operands: [String] = []
  private var values: [String: [String]] = [:]

  /// Reads the words after the command's name; flags that are not given come from the environment.
  init(_ words: [String], command: Command) throws(CommandFailure) {
    var rest = words[...]
    var isFlag = true
    while let word = rest.popFirst() {
      guard isFlag, word.hasPrefix("-"), word != "-" else {
        operands.append(word)
        continue
      }
      if word == "--" {
        isFlag = false
        continue
      }
      try read(word, &rest, command: command)
    }
    guard command.operandCount.contains(operands.count) else {
      throw CommandFailure(
        .usage,
        "martlet \(command.name) takes \(command.operands.isEmpty ? "no further words" : command.operands); see martlet \(command.name) --help"
      )
    }
    for flag in command.flags where values[flag.name] == nil {
      guard let text = Environment.value(flag.variable), !text.isEmpty else { continue }
      values[flag.name] = flag.mayRepeat ? text.split(separator: ",").map(String.init) : [text]
    }
  }

  private mutating func read(_ word: String, _ rest: inout ArraySlice<String>, command: Command) throws(CommandFailure) {
    let parts = word.drop { $0 == "-" }.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let given = parts.first.map(String.init) ?? ""
    let isLong = word.hasPrefix("--")
    guard let flag = command.flags.first(where: { isLong ? $0.name == given : $0.letter.map(String.init) == given }) else {
      let hint = Suggestion.question("--" + given, in: command.flags.map { "--" + $0.name }).map { "; " + $0 } ?? ""
      throw CommandFailure(.usage, "martlet \(command.name) has no flag \(word)\(hint); see martlet \(command.name) --help")
    }
    let name = flag.name
    guard flag.value != nil else {
      guard parts.count == 1 else { throw CommandFailure(.usage, "--\(name) takes no value") }
      values[name] = ["true"]
      return
    }
    guard let value = parts.count == 2 ? String(parts[1]) : rest.popFirst() else {
      throw CommandFailure(.usage, "--\(name) needs a value: --\(name) \(flag.value ?? "")")
    }
    // As a variable of a script that has no value.
    guard !value.isEmpty else { throw CommandFailure(.usage, "--\(name) is empty: it needs a value, --\(name) \(flag.value ?? "")") }
    if values[name] != nil, !flag.mayRepeat { throw CommandFailure(.usage, "--\(name) is given twice") }
    values[name, default: []].append(value)
  }

  subscript(_ flag: String) -> String? { values[flag]?.last }
  func all(_ flag: String) -> [String] { values[flag] ?? [] }
  func has(_ flag: String) -> Bool { values[flag].map { $0.last != "false" && $0.last != "0" } ?? false }

  var contractPath: String { self["contract"] ?? "martlet.yaml" }
  var dataFolder: String { self["data"] ?? "data" }

  /// Where the service's own key comes from. A secret is no flag: everybody on the machine can read those.
  func signingKey() throws(CommandFailure) -> ServiceKey.Source {
    let text = Environment.value("MARTLET_SIGNING_KEY").flatMap { $0.isEmpty ? nil : $0 }
    switch (text, self["signing-key-file"]) {
    case (nil, nil): return .folder(dataFolder)
    case (nil, let file?): return .file(file)
    case (let text?, nil): return .text(text)
    case (.some, .some): throw CommandFailure(.usage, "MARTLET_SIGNING_KEY and --signing-key-file are both given: which one is it?")
    }
  }
}
