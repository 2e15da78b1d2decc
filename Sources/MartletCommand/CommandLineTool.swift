import Base

/// `martlet COMMAND [FLAGS]`
enum CommandLineTool {
  static let commands: [Command] = [
    newCommand, serveCommand, checkCommand, schemaCommand, openAPICommand, tokenCommand, explainCommand, migrateCommand, adoptCommand,
    importCommand, exportCommand, backupCommand, restoreCommand, completionCommand, versionCommand,
  ]

  static func run(_ words: [String]) async -> ExitCode {
    guard let name = words.first, !["--help", "-h", "help"].contains(name) else {
      // `martlet help serve`
      if words.count > 1, let command = commands.first(where: { $0.name == words[1] }) {
        Output.result(help(command))
        return .done
      }
      Output.result(help)
      return words.isEmpty ? .usage : .done
    }
    let known = name == "--version" ? "version" : name
    guard let command = commands.first(where: { $0.name == known }) else {
      let hint = Suggestion.question(name, in: commands.map(\.name)).map { " " + $0 } ?? ""
      Output.words("martlet: there is no command \"\(name)\".\(hint) See martlet --help")
      return .usage
    }
    if words.dropFirst().contains(where: { $0 == "--help" || $0 == "-h" }) {
      Output.result(help(command))
      return .done
    }
    do throws(CommandFailure) {
      return try await command.run(try Invocation(Array(words.dropFirst()), command: command))
    } catch {
      if !error.message.isEmpty { Output.words("martlet: " + error.message) }
      return error.code
    }
  }

  private static var help: String {
    var text = """
      martlet: the backend a senior engineer would have built, from one file

      Usage: martlet COMMAND [FLAGS]      martlet COMMAND --help


      """
    let width = (commands.map { $0.name.count }.max() ?? 0) + 2
    for command in commands { text += "  " + padded(command.name, width) + command.summary + "\n" }
    text += "\nExit codes: 0 done, 1 findings or failed, 2 wrong usage, 3 cannot reach a dependency\n"
    return text
  }

  private static func help(_ command: Command) -> String {
    var text = "\(command.summary)\n\nUsage: martlet \(command.name)"
    if !command.flags.isEmpty { text += " [FLAGS]" }
    if !command.operands.isEmpty { text += " \(command.operands)" }
    text += "\n"
    guard !command.flags.isEmpty else { return text }
    text += "\n"
    let shown = command.flags.map {
      ($0.letter.map { "-\($0), " } ?? "") + "--\($0.name)" + ($0.value.map { " " + $0 } ?? "") + ($0.mayRepeat ? "..." : "")
    }
    let width = (shown.map(\.count).max() ?? 0) + 2
    for (flag, words) in zip(command.flags, shown) { text += "  \(padded(words, width))\(flag.help) [\(flag.variable)]\n" }
    return text
  }

  static func padded(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(1, width - text.count)) }
}
