/// The reference of the contract language, made from the same tables: `docs/contract/reference.md`.
package enum ContractReference {
  /// As Markdown.
  package static func markdown() -> String {
    var writer = ReferenceWriter()
    writer.write(Language.contract)
    return ReferenceWriter.head + writer.text + ReferenceWriter.tail
  }

  /// Every diagnostic with its meaning and remedy, as Markdown: `docs/contract/diagnostics.md`.
  package static func diagnosticsMarkdown() -> String {
    var text = """
      # Diagnostics of a contract

      `martlet check` prints them, `martlet check --explain CODE` explains one. An error keeps the contract from being served.
      This page is made from the table in the source; a test keeps it equal.

      """
    for code in DiagnosticCode.allCases {
      let entry = code.explanation
      text +=
        "\n## \(code.rawValue): \(entry.title) (\(code.severity.rawValue))\n\n\(entry.explanation)\n\n**What to do:** \(entry.remedy)\n"
    }
    return text
  }
}

/// Writes a section for each mapping, outermost first, each once.
private struct ReferenceWriter {
  private(set) var text = ""
  private var written: Set<String> = []

  mutating func write(_ object: MappingGrammar) {
    guard written.insert(object.name).inserted else { return }
    text += "\n## \(object.name)\n\n\(object.summary)\n\n| key | value | meaning |\n|---|---|---|\n"
    for key in object.keys { text += row(key) }
    if !object.needsOneOf.isEmpty {
      text += "\nOne of \(object.needsOneOf.map { "`\($0)`" }.joined(separator: ", ")) is needed.\n"
    }
    for key in object.keys { follow(key.grammar) }
  }

  private func row(_ key: Key) -> String {
    var meaning = key.summary
    if key.isRequired { meaning += " **Required.**" }
    if !key.types.isEmpty { meaning += " For \(key.types.joined(separator: ", "))." }
    if key.later != nil { meaning += " *Accepted, not served by this version yet.*" }
    let value = ReferenceWriter.value(key.grammar).replacingPipes
    return "| `\(key.name)` | \(value) | \(meaning.replacingPipes) |\n"
  }

  private static func value(_ grammar: NodeGrammar) -> String {
    switch grammar {
    case .object(let object): "[\(object.name)](#\(object.name))"
    case .map(_, let value): "names and, for each, \(self.value(value))"
    case .list(let item, _): "list of \(self.value(item))"
    case .oneOrMany(let item): "\(self.value(item)), or a list of them"
    case .choice(let grammars): grammars.map { self.value($0) }.joined(separator: ", or ")
    case .integer(let range): "integer, \(range.lowerBound) to \(range.upperBound)"
    case .word(let words): words.map { "`\($0)`" }.joined(separator: ", ")
    case .access: "[access](#access-and-expressions)"
    case .text(.expression): "[expression](#access-and-expressions)"
    default: grammar.description
    }
  }

  private mutating func follow(_ grammar: NodeGrammar) {
    switch grammar {
    case .object(let object): write(object)
    case .map(_, let value), .list(let value, _), .oneOrMany(let value): follow(value)
    case .choice(let grammars): for grammar in grammars { follow(grammar) }
    default: break
    }
  }

  static let head = """
    # The contract language: every key

    This page is made from the tables that the loader checks by; a test keeps it equal. `martlet.schema.json` says the same to
    your editor. Values may hold `${NAME}` and `${NAME:-default}`, read from the environment or from the file that `NAME_FILE`
    names; `$${` stands for `${`. YAML is 1.2: `yes`, `no`, `on` and `off` are texts.

    Types of fields: \(Language.types.map { "`\($0)`" }.joined(separator: ", ")), and `list of T` for T of
    \(Language.listTypes.map { "`\($0)`" }.joined(separator: ", ")).

    """

  static let tail = """

    ## Access and expressions

    An access value is `anyone`, `authenticated`, `nobody`, a list of roles (any of them), or an expression. What is not granted is
    denied. Expressions are CEL. Which names stand where:

    | place | names |
    |---|---|
    | `access.create` | `record` and `input` (both what is created), `caller`, `request`, `now` |
    | `access.update` | `record`, `input` (both rows, see below), `caller`, `request`, `now` |
    | `access.read`, `access.delete`, transitions | `record`, `caller`, `request`, `now` |
    | `read` and `write` of a field | `record`, `caller`, `request`, `now` |
    | `constraints` | `input`, `now` |
    | `default` | `caller`, `now` |
    | `limits.NAME.when` | `caller`, `request`, `now` |
    | `queries.NAME` | the fields of `from`, `params`, `caller`, `request`, `now` |
    | workflows, jobs, events | `record` (what the event is about), `now`; answers of earlier steps by their names; `event` where messages are consumed |

    An update's rule that names `record` alone is asked twice, of the record as it is stored and of what it becomes, so that nobody
    moves a record into or out of another's reach. One that names `input` is asked once, of both: `record` is the row as it is stored,
    `input` the whole row as it becomes, as in `record.owner == caller.id && input.owner == record.owner && input.price <= record.price`.
    It says itself what may change; `check` warns of a field that it asks of one row only. A rule of a field (`write`) speaks of the
    record before and after an update. Deletes and transitions are asked of the record as it is stored.

    Rules become predicates of the store, so they may use only what a store can be asked; constraints, defaults and what stands on
    the caller alone are evaluated in memory (docs/expressions.md).

    A default is a value where the field's type can read it as one. Texts and enums take what is written as it stands, unless it
    begins with `caller.`.

    """
}

extension String {
  fileprivate var replacingPipes: String { split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|") }
}
