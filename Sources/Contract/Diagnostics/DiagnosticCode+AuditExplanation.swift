extension DiagnosticCode {
  var auditExplanation: DiagnosticExplanation? {
    switch self {
    case .widerRule:
      DiagnosticExplanation(
        self, "A write rule wider than its neighbours",
        "Some kind of caller (without a token, with one and no role, with one role) may change or delete records that the `read` "
          + "rule hides from it, or may delete every record where it may change only some. Such a rule is often a slip: who guesses a "
          + "record's id destroys what it must not see.",
        remedy: "Give the rule the condition of its neighbour, or let `read` show those callers what they may write.")
    case .openPart:
      DiagnosticExplanation(
        self, "A part that shows more than its whole",
        "The records go with another one when that is deleted (a required ref with `on_delete: cascade`): they are its parts. "
          + "Their `read` rule lets a kind of caller see all of them, though of the whole it may see only some, or none.",
        remedy: "Follow the ref in the part's `read` rule, with the condition that the whole has.")
    case .openPersonalField:
      DiagnosticExplanation(
        self, "A personal field that anyone reads",
        "The field is marked `personal`, and a caller without a token may read it in records that the `read` rule shows it.",
        remedy: "Close the record's `read` rule, or give the field one of its own: `read: [support]`.")
    case .keptForEver:
      DiagnosticExplanation(
        self, "Personal data that is kept for ever",
        "The resource has `personal` fields, and nothing says how long its records are kept. Most laws ask for a limit.",
        remedy: "Say `retain: 2y`, or whatever is right for the purpose.")
    case .repeatableMoney:
      DiagnosticExplanation(
        self, "Money that a repeated request creates twice",
        "Records with an amount of money can be made, no unique field or client's key tells one from its repetition, and no "
          + "`Idempotency-Key` is asked for: a client that tries again after a lost answer makes two.",
        remedy: "Say `idempotency: required`, or make a field unique that names the business fact, such as an invoice number.")
    case .unsaidBound:
      DiagnosticExplanation(
        self, "A bound that nobody has chosen",
        "A text without `length` takes 65,536 characters, a list 1,000 values, json without `size` 65,536 bytes; whoever may write the "
          + "field may send as much, in every record.",
        remedy: "Say `length: 0..2000`, or `size: 8KiB`, or whatever the field is for.")
    case .enumDrift:
      DiagnosticExplanation(
        self, "Two enums of one name that have drifted apart",
        "Two resources have an enum of the same name that shares most of its values and not all, or that spells one in two ways. A "
          + "value was added, renamed or misspelt on one side.",
        remedy: "Give both the same values, or give them two names where they mean two things.")
    case .unboundedCall:
      DiagnosticExplanation(
        self, "A service without a time-out",
        "Calls to the service wait as long as it likes. One that hangs holds up everything that waits for it.",
        remedy: "Say `timeout: 2s`, or what its slowest good answer takes.")
    case .ignoredKeyword:
      DiagnosticExplanation(
        self, "A keyword that JSON Schema does not know",
        "JSON Schema ignores keywords that it does not know: a misspelt one checks nothing, and nobody is told.",
        remedy: "Mend its spelling, remove it, or begin it with `x-`.")
    default: nil
    }
  }
}
