extension DiagnosticCode {
  /// What it means and what to do.
  package var explanation: DiagnosticExplanation {
    fileExplanation ?? shapeExplanation ?? nameExplanation ?? fieldExplanation ?? resourceExplanation ?? auditExplanation
      ?? ruleExplanation
  }

  private var fileExplanation: DiagnosticExplanation? {
    switch self {
    case .unreadableFile:
      DiagnosticExplanation(
        self, "The file cannot be read", "The contract, or a file that it names, is missing, unreadable or larger than 4 MiB.",
        remedy: "Check the path and its permissions. Paths in a contract are relative to the file that names them.")
    case .invalidYAML:
      DiagnosticExplanation(
        self, "Not valid YAML",
        "The text is not YAML 1.2, or it uses what contracts do without: several documents, merge keys, tags of its own, "
          + "more than 64 levels or 200,000 values (aliases count in full).",
        remedy: "Mend the text at the place given. Quote a value that holds `: `, ` #`, or begins with one of `{[&*!|>'\"%@`.")
    case .duplicateKey:
      DiagnosticExplanation(
        self, "A key stands twice", "Two values under one key: one of them would be lost in silence.",
        remedy: "Remove or rename one of the two.")
    case .invalidInclude:
      DiagnosticExplanation(
        self, "An include that cannot be followed",
        "A file under `include:` is named absolutely, includes itself over others, is included twice, or there are more than 64.",
        remedy: "Name each file once, relative to the file that includes it.")
    case .missingVariable:
      DiagnosticExplanation(
        self, "A variable is not set", "`${NAME}` has no default, and neither NAME nor NAME_FILE is set in the environment.",
        remedy: "Set it, point NAME_FILE to a file that holds it, or write a default: `${NAME:-value}`.")
    case .malformedVariable:
      DiagnosticExplanation(
        self, "A substitution that is not one", "After `${` a name and `}` or `:-default}` must follow.",
        remedy: "Mend it, or write `$${` for the two characters themselves.")
    case .clearSecret:
      DiagnosticExplanation(
        self, "A secret in clear", "A password, key or token stands in the file, where everybody reads it who can read the code.",
        remedy: "Write `${NAME}` in its place and set NAME or NAME_FILE where the service runs. Change the secret: it is known.")
    case .unsupportedVersion:
      DiagnosticExplanation(
        self, "An unknown version of the language", "`martlet:` names the version of the contract language; this command knows 1.",
        remedy: "Write `martlet: 1` as the first line, or use a newer command.")
    default: nil
    }
  }

  private var shapeExplanation: DiagnosticExplanation? {
    switch self {
    case .unknownKey:
      DiagnosticExplanation(
        self, "An unknown key", "Nothing reads this key. A misspelt option that is ignored is a bug nobody sees.",
        remedy: "Take the suggestion, or look up the keys in docs/contract/reference.md.")
    case .missingKey:
      DiagnosticExplanation(self, "A key is missing", "This mapping must have the key.", remedy: "Add it.")
    case .wrongKind:
      DiagnosticExplanation(
        self, "Another kind of value is expected", "A list where a mapping is expected, a number where a text is, and the like.",
        remedy: "Write the kind that is named. A number or `true` that is meant as text needs quotes.")
    case .malformedValue:
      DiagnosticExplanation(
        self, "The value has not the right form", "Durations, rates, sizes, ranges, schedules and URLs each have one form.",
        remedy: "Write it like the example in the message.")
    case .unknownWord:
      DiagnosticExplanation(
        self, "Not one of the words that may stand here", "Only the words of the message have a meaning here.",
        remedy: "Choose one of them.")
    case .outOfRange:
      DiagnosticExplanation(self, "Out of range", "The number lies outside of its bounds.", remedy: "Choose one within them.")
    case .malformedName:
      DiagnosticExplanation(
        self, "A name that cannot be used",
        "Names are snake_case: a lower-case letter, then letters, digits and single underscores, at most 48. The same name stands in "
          + "the URL, in JSON and in the database. Fields of a table that was there before may keep their own: letters, digits, `_`.",
        remedy: "Rename it.")
    default: nil
    }
  }

  private var nameExplanation: DiagnosticExplanation? {
    switch self {
    case .reservedName:
      DiagnosticExplanation(
        self, "A reserved name",
        "Fields that every record has (id, created_at, updated_at, revision; deleted_at where deleted records are kept), parameters "
          + "of lists (limit, sort, ...) and paths of the API (queries, batch, ...) keep their names to themselves.",
        remedy: "Choose another name.")
    case .duplicateName:
      DiagnosticExplanation(
        self, "A name stands twice", "Two things of one kind have the same name, perhaps in two files, or share a table or column.",
        remedy: "Rename one of them.")
    case .unknownResource:
      DiagnosticExplanation(self, "No such resource", "No resource of this name is declared.", remedy: "Declare it or mend the name.")
    case .unknownField:
      DiagnosticExplanation(self, "No such field", "The resource has no field of this name.", remedy: "Declare it or mend the name.")
    case .unknownRole:
      DiagnosticExplanation(
        self, "No such role", "The role is not under `roles:`, so nobody could ever have it.", remedy: "Declare it or mend the name.")
    case .unknownService:
      DiagnosticExplanation(
        self, "No such service", "A call names a service that is not under `services:`.", remedy: "Declare it or mend the name.")
    case .unknownBroker:
      DiagnosticExplanation(
        self, "No such broker", "An event names a broker that is not under `brokers:`.", remedy: "Declare it or mend the name.")
    case .unknownEvent:
      DiagnosticExplanation(
        self, "No such event", "Events are RESOURCE.created, RESOURCE.updated, RESOURCE.deleted and RESOURCE.TRANSITION.",
        remedy: "Name one of them.")
    case .unknownTransition:
      DiagnosticExplanation(
        self, "No such transition", "The resource's `states:` declares no transition of this name.",
        remedy: "Write RESOURCE.TRANSITION with one that is declared.")
    default: nil
    }
  }
}
