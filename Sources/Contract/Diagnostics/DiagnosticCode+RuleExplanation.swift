extension DiagnosticCode {
  var fieldExplanation: DiagnosticExplanation? {
    switch self {
    case .unknownType:
      DiagnosticExplanation(
        self, "An unknown type",
        "The types are string, text, email, url, integer, decimal, number, boolean, timestamp, date, uuid, "
          + "enum, money, json, secret, file, `list of T`, and `ref: RESOURCE`.",
        remedy: "Use one of them.")
    case .foreignOption:
      DiagnosticExplanation(
        self, "An option of another type", "The option means nothing for this type.", remedy: "Remove it, or change the type.")
    case .emptyBounds:
      DiagnosticExplanation(
        self, "Bounds that nothing fulfils", "The minimum is above the maximum, or the bounds do not fit the type.",
        remedy: "Exchange or mend them.")
    case .invalidEnum:
      DiagnosticExplanation(
        self, "An enum that cannot be", "An enum needs one to 200 different values of 1 to 100 characters each.", remedy: "Mend the list.")
    case .invalidPattern:
      DiagnosticExplanation(
        self, "Not a pattern",
        "Patterns are RE2 syntax: no look-around, no back references, so that matching takes linear time. The "
          + "whole value must match.",
        remedy: "Rewrite the pattern; what RE2 says stands in the message.")
    case .invalidDefault:
      DiagnosticExplanation(
        self, "A default that the field refuses", "The default has another type, or lies outside of the field's own bounds.",
        remedy: "Mend the default or the bounds.")
    case .contradiction:
      DiagnosticExplanation(
        self, "Options that exclude each other", "Together they could never be fulfilled.", remedy: "Remove one of them.")
    case .invalidInverse:
      DiagnosticExplanation(
        self, "An inverse without its ref", "`{many: RESOURCE, by: FIELD}` needs a field of RESOURCE that is a ref back to this resource.",
        remedy: "Name that field, or add the ref.")
    case .invalidReference:
      DiagnosticExplanation(
        self, "A ref that cannot point", "A ref is one column; a resource whose key has several columns cannot be its target.",
        remedy: "Declare the columns as fields of their own.")
    case .invalidEncoding:
      DiagnosticExplanation(
        self, "An encoding of another type", "`stored_as` says how a column that was there before holds its values; each type has its own.",
        remedy: "text: date, timestamp, uuid. real: decimal. unix, unix_milliseconds: timestamp. {yes: .., no: ..}: boolean.")
    case .invalidSchema:
      DiagnosticExplanation(
        self, "Not a JSON Schema",
        "A `schema` is JSON Schema 2020-12. Its patterns are RE2's, nothing is fetched for a `$ref`, and no reference leads back to "
          + "itself without going into the value.",
        remedy: "Mend what the message names; docs/json-schema.md says what is supported.")
    case .unsearchable:
      DiagnosticExplanation(
        self, "A field that cannot be searched",
        "`search: true` makes an index of words in the database. An adopted table is never changed, a key of several columns has "
          + "no place in it, a field has at most 65,536 characters and a resource at most 16 such fields.",
        remedy: "Take `search` away, or give the table to Martlet with `managed: true`.")
    default: nil
    }
  }

  var resourceExplanation: DiagnosticExplanation? {
    switch self {
    case .invalidStateField:
      DiagnosticExplanation(
        self, "The state field cannot hold states", "States live in an enum field with a default, its first state.",
        remedy: "Make the field an enum with a default, and give it no `unique`, `immutable` or `write`.")
    case .unknownState:
      DiagnosticExplanation(
        self, "No such state", "A transition goes from or to a value that the state field does not have.", remedy: "Mend the value.")
    case .unindexable:
      DiagnosticExplanation(
        self, "A field that cannot be indexed",
        "json, list, secret, file and encrypted fields and inverses have no order. Money is ordered by its amount.",
        remedy: "Take it out of the index.")
    case .repeatedIndex:
      DiagnosticExplanation(
        self, "An index that another one serves",
        "It is the beginning of a longer index, or stands twice: it costs every write for nothing.",
        remedy: "Remove it.")
    case .invalidKey:
      DiagnosticExplanation(
        self, "A key that cannot be", "`id` is `client`, {column, type}, or {columns: [...]} of fields that are there and required.",
        remedy: "Mend it.")
    case .fixedResource:
      DiagnosticExplanation(
        self, "The identity's own resource",
        "`users` has `issuer` and `subject`, and its rows are made when a token is first seen. A "
          + "contract may add optional fields and rules to read, update and delete.",
        remedy: "Leave out what is fixed.")
    case .conflictingOptions:
      DiagnosticExplanation(
        self, "Options of a resource that exclude each other", "Together they could never be served.", remedy: "Remove one of them.")
    case .unreachableState:
      DiagnosticExplanation(
        self, "A state that is never reached", "No transition leads to it, and it is not the default.",
        remedy: "Add a transition or remove the value.")
    default: nil
    }
  }

  var ruleExplanation: DiagnosticExplanation {
    switch self {
    case .invalidExpression:
      DiagnosticExplanation(
        self, "The expression is not valid",
        "It cannot be parsed, names what is not there, or has not the type that is needed here (a rule must be true or false). "
          + "Expressions are CEL; docs/contract/reference.md says which names stand where.",
        remedy: "Mend it at the place given.")
    case .openToAnyone:
      DiagnosticExplanation(
        self, "Anyone on the network may write", "The rule is `anyone`, without even a token.",
        remedy: "Use `authenticated`, roles or a rule, unless this is really meant.")
    case .closedResource:
      DiagnosticExplanation(
        self, "Nobody may do anything", "The resource has no `access`, and what is not granted is denied.",
        remedy: "Add `access: {read: ...}`; or write `access: {read: nobody}` to say that it is meant.")
    case .bypassedRules:
      DiagnosticExplanation(
        self, "A query that passes by the rules", "`sql:` reads tables as they are stored: no row rule, no field rule, no tenancy.",
        remedy: "Use a declared query, or restrict `access` to a list of roles.")
    case .oneSidedRule:
      DiagnosticExplanation(
        self, "A rule of updates that speaks of one side",
        "A rule that names `input` is asked once: `record` is the row as it is stored, `input` the row as it becomes. What it says "
          + "of a field of one of them it does not say of the other, so that the field may change under it: "
          + "`record.owner == caller.id` alone lets the owner give the record away, `input.owner == caller.id` alone lets anyone take it.",
        remedy: "Name the field on the other side too, such as `input.owner == record.owner`, or make it `immutable`.")
    case .unaskableRule:
      DiagnosticExplanation(
        self, "A rule that the store cannot be asked",
        "Rules become conditions of the database's own language. This one compares or orders a column of a table that was there "
          + "before in a way that the column's encoding (`stored_as`) does not allow, so that every request that meets it would fail.",
        remedy: "Write the rule over another field, or give the column an encoding with an order.")
    case .unindexedRule:
      DiagnosticExplanation(
        self, "A rule that no index serves",
        "A list shows a caller the records that the `read` rule lets it see. No index leads to them, so that a list looks at rows in "
          + "its order and leaves out the hidden ones, at most `scan` of them (10000); past that it is refused (`too_costly`). "
          + "Callers who see few records of a large table meet this.",
        remedy: "Let the rule be, or begin with, a comparison that an index serves, joined by `&&`: `record.FIELD == ...` of an indexed "
          + "field, one over refs to an indexed field, or `record.COLLECTION.exists(c, c.FIELD == ...)`. "
          + "The suggestion names the line, where one line is enough.")
    case .unindexedQuery:
      DiagnosticExplanation(
        self, "A query that no index serves",
        "No part of the query's `where` leads to its records by an index, so that each request looks at every record of the resource. "
          + "That takes longer as the table grows, until it takes longer than a statement may.",
        remedy: "Let one of the conditions joined by `&&` compare an indexed field, or the first field of an index, with what is known, "
          + "or declare such an index. A query that is to look at everything, and is asked seldom, may stay as it is.")
    case .invalidStatement:
      DiagnosticExplanation(
        self, "A statement that cannot be a query's",
        "`sql:` is one statement that reads, and begins with select, with or values. Its parameters are written `:name`, are declared under `params` (or "
          + "are `:caller_id` and `:caller_tenant`), and its columns have the names and types under `columns`. What the statement does is "
          + "asked of the database itself when the service starts: one that it refuses keeps the service from starting.",
        remedy: "Mend it at the place given; try the statement in the database's own shell.")
    case .closedUntilServed:
      DiagnosticExplanation(
        self, "Closed until it is served",
        "The contract asks for a guarantee that this version cannot give yet. Serving the resource "
          + "without it would do harm, so that part of it is refused.",
        remedy: "Nothing, or remove the option if the guarantee is not needed.")
    default:
      DiagnosticExplanation(
        self, "Accepted, not served yet", "The section is valid, and a later version serves it. This version does nothing with it.",
        remedy: "Nothing.")
    }
  }
}
