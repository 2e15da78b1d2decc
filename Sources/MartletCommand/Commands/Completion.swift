let completionCommand = Command(
  name: "completion", operands: "bash|zsh|fish", operandCount: 1...1,
  summary: "Prints what a shell needs to complete martlet's words.", flags: [],
  run: { (invocation: Invocation) async throws(CommandFailure) in
    switch invocation.operands[0] {
    case "bash": Output.result(Completion.bash)
    case "zsh": Output.result(Completion.zsh)
    case "fish": Output.result(Completion.fish)
    default: throw CommandFailure(.usage, "completion knows bash, zsh and fish")
    }
    return .done
  })

/// Scripts that complete commands and flags, made from the same table that reads them. Other words are files.
private enum Completion {
  private static var names: String { CommandLineTool.commands.map(\.name).joined(separator: " ") }

  private static func flags(_ command: Command) -> [Flag] {
    command.flags + [Flag("help", nil, "shows its flags")]
  }

  static var bash: String {
    var text = """
      # eval "$(martlet completion bash)", or put it into /etc/bash_completion.d/martlet
      _martlet() {
        local word=${COMP_WORDS[COMP_CWORD]} flags=
        if ((COMP_CWORD == 1)); then
          COMPREPLY=($(compgen -W "\(names) help" -- "$word"))
          return
        fi
        case ${COMP_WORDS[1]} in

      """
    for command in CommandLineTool.commands {
      text += "    \(command.name)) flags=\"\(flags(command).map { "--" + $0.name }.joined(separator: " "))\" ;;\n"
    }
    return text + """
          help) flags= ; COMPREPLY=($(compgen -W "\(names)" -- "$word")) ; return ;;
        esac
        if [[ $word == -* ]]; then COMPREPLY=($(compgen -W "$flags" -- "$word")); else COMPREPLY=($(compgen -f -- "$word")); fi
      }
      complete -o filenames -F _martlet martlet

      """
  }

  static var zsh: String {
    var text = """
      #compdef martlet
      # martlet completion zsh > "${fpath[1]}/_martlet", or: source <(martlet completion zsh)
      _martlet() {
        local -a commands
        commands=(

      """
    for command in CommandLineTool.commands { text += "    \(quoted("\(command.name):\(command.summary)"))\n" }
    text += """
        )
        if ((CURRENT == 2)); then
          _describe command commands
          return
        fi
        case $words[2] in

      """
    for command in CommandLineTool.commands {
      text += "    \(command.name)) _arguments"
      for flag in flags(command) {
        let help = flag.help.replacing("[", with: "(").replacing("]", with: ")").replacing(":", with: "\\:")
        let name = (flag.mayRepeat ? "*" : "") + "--\(flag.name)" + (flag.value == nil ? "" : "=")
        text += " " + quoted(name + "[\(help)]" + (flag.value.map { ":\($0.lowercased()):_files" } ?? ""))
      }
      text += " '*:file:_files' ;;\n"
    }
    return text + """
        esac
      }
      if [[ $funcstack[1] == _martlet ]]; then _martlet "$@"; else compdef _martlet martlet; fi

      """
  }

  static var fish: String {
    var text = "# martlet completion fish > ~/.config/fish/completions/martlet.fish\n"
    for command in CommandLineTool.commands {
      text += "complete -c martlet -n __fish_use_subcommand -f -a \(command.name) -d \(quoted(command.summary))\n"
      for flag in flags(command) {
        let value = flag.value == nil ? "" : " -r"
        let letter = flag.letter.map { " -s \($0)" } ?? ""
        text +=
          "complete -c martlet -n '__fish_seen_subcommand_from \(command.name)' -l \(flag.name)\(letter)\(value) -d \(quoted(flag.help))\n"
      }
    }
    return text
  }

  /// As one word of any of the three.
  private static func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "’") + "'" }
}
