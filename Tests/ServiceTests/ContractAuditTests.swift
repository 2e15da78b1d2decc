import Contract
import Service
import Store
import Testing

/// What `martlet check` asks about a contract that is valid. Each case is a contract that is fine but for one line, and the same
/// without it.
@Suite struct ContractAuditTests {
  private func found(_ yaml: String) throws -> [Diagnostic] {
    let loaded = ContractLoader.load(text: yaml)
    let contract = try #require(loaded.contract, "\(loaded.errors.map { $0.rendered() })")
    let review = ContractReview(contract, dialect: .sqlite, places: loaded.places)
    return loaded.adding(review.errors + review.advice()).diagnostics.filter { $0.code.hasPrefix("MRT06") }
  }

  /// What is found, and the text at its place.
  private func lines(_ yaml: String) throws -> [String] {
    let text = yaml.split(separator: "\n", omittingEmptySubsequences: false)
    return try found(yaml).map { finding in "\(finding.code) \(text[finding.line - 1].dropFirst(finding.column - 1).prefix(12))" }
  }

  private func notes(_ access: String, field: String = "{type: string}", more: String = "") -> String {
    """
    martlet: 1
    service: {name: notes, version: v1}
    roles: [staff, boss]
    resources:
      notes:
        fields:
          owner: {ref: users, default: caller.id}
          status: {type: enum, values: [draft, done, gone], default: draft}
          body: \(field)
        access:
          \(access.replacing("; ", with: ";").split(separator: ";").joined(separator: "\n      "))
    \(more)
    """
  }

  // MARK: Rules beside each other

  @Test(arguments: [
    ("read: record.owner == caller.id; delete: authenticated", "MRT0601 authenticate"),
    ("read: record.owner == caller.id; update: '!caller.authenticated'", "MRT0601 '!caller.aut"),
    ("read: [staff]; delete: [boss]", "MRT0601 [boss]"), ("read: [staff]; update: record.owner == caller.id", "MRT0601 record.owner"),
    ("read: record.owner == caller.id; update: [staff]", "MRT0601 [staff]"),
    ("read: authenticated; update: record.owner == caller.id; delete: authenticated", "MRT0601 authenticate"),
  ]) func aWriteRuleThatReachesFartherThanWhatStandsBesideItIsAWarning(access: String, expected: String) throws {
    #expect(try lines(notes(access)) == [expected])
    #expect(try found(notes(access)).allSatisfy { $0.severity == .warning })
  }

  @Test(arguments: [
    "read: anyone; update: record.owner == caller.id; delete: record.owner == caller.id", "read: authenticated; delete: [boss]",
    "read: authenticated; update: record.owner == caller.id; delete: [boss]", "read: nobody; create: anyone",
    "read: caller.subject == 'a' || record.owner == caller.id; update: record.owner == caller.id", "read: anyone",
  ]) func rulesThatFitEachOtherAreFine(access: String) throws {
    #expect(try lines(notes(access)) == [])
  }

  @Test func aFindingNamesTheCallerAndWhatItReaches() throws {
    let finding = try #require(try found(notes("read: record.owner == caller.id; delete: [boss]")).first)
    #expect(
      finding.message == "notes.delete: a caller with the role boss may delete all of the records, and read only some")
  }

  @Test func aTransitionIsAWriteRule() throws {
    let states = """
          states:
            field: status
            transitions: {finish: {from: draft, to: done, access: [boss]}, drop: {from: done, to: gone, access: [staff]}}
      """
    #expect(try lines(notes("read: [staff]", more: states)) == ["MRT0601 [boss]}, dro"])
  }

  // MARK: Parts

  private func parts(_ ref: String, read: String, whole: String) -> String {
    """
    martlet: 1
    service: {name: notes, version: v1}
    roles: [staff]
    resources:
      notes:
        fields: {owner: {ref: users, default: caller.id}}
        access: {read: "\(whole)"}
      lines:
        fields:
          note: \(ref)
        access: {read: "\(read)"}
    """
  }

  @Test(arguments: [
    ("authenticated", "record.owner == caller.id"), ("anyone", "authenticated"), ("record.note.owner == caller.id", "nobody"),
    ("caller.has_role('staff') || record.note.owner == caller.id", "record.owner == caller.id"),
  ]) func aPartThatShowsMoreThanItsWholeIsAWarning(read: String, whole: String) throws {
    let ref = "{ref: notes, required: true, on_delete: cascade}"
    #expect(try lines(parts(ref, read: read, whole: whole)).map { $0.prefix(12) } == ["MRT0602 \"\(read.prefix(3))"])
    // What only points to the other, or is anyone's own, is no part.
    #expect(try lines(parts("{ref: notes, required: true}", read: read, whole: whole)) == [])
    #expect(try lines(parts("{ref: notes, on_delete: cascade}", read: read, whole: whole)) == [])
  }

  @Test func aPartThatShowsWhatItsWholeDoesIsFine() throws {
    let ref = "{ref: notes, required: true, on_delete: cascade}"
    #expect(try lines(parts(ref, read: "record.note.owner == caller.id", whole: "record.owner == caller.id")) == [])
    #expect(try lines(parts(ref, read: "nobody", whole: "record.owner == caller.id")) == [])
    #expect(try lines(parts("{ref: users, required: true, on_delete: cascade}", read: "anyone", whole: "nobody")) == [])
  }

  // MARK: People

  @Test func aPersonalFieldThatAnyoneReadsIsAWarning() throws {
    let field = "{type: string, personal: true}"
    func read(_ access: String, _ field: String) throws -> [Diagnostic] {
      try found(notes(access, field: field, more: "    retain: 2y")).filter { $0.code != "MRT0604" }
    }
    #expect(try read("read: anyone", field).map(\.message) == ["notes.body is personal, and a caller without a token may read it"])
    #expect(
      try read("read: \"record.status == 'done'\"", field).map(\.message)
        == ["notes.body is personal, and a caller without a token may read it in some records"])
    #expect(
      try read("read: anyone", "{type: string, personal: true, read: \"record.status == 'done'\"}").map(\.message)
        == ["notes.body is personal, and a caller without a token may read it in some records"])
    #expect(try read("read: anyone", "{type: string, personal: true, read: [staff]}") == [])
    #expect(try read("read: authenticated", field) == [])
    #expect(try read("read: anyone", "{type: string}") == [])
  }

  @Test func personalDataWithoutAnEndIsANotice() throws {
    let field = "{type: string, personal: true}"
    let kept = try #require(try found(notes("read: authenticated", field: field)).first)
    #expect(kept.code == "MRT0604" && kept.severity == .notice && kept.suggestion == "add \"retain: 2y\" to notes")
    #expect(try found(notes("read: authenticated", field: field, more: "    retain: 2y")) == [])
  }

  // MARK: What clients send

  @Test func moneyThatARepeatedRequestCreatesTwiceIsANotice() throws {
    let money = "{type: money}"
    #expect(try lines(notes("create: authenticated; read: authenticated", field: money)) == ["MRT0605 {type: money"])
    #expect(try lines(notes("create: nobody; read: authenticated", field: money)) == [])
    #expect(try lines(notes("create: authenticated; read: authenticated", field: money, more: "    idempotency: required")) == [])
    #expect(try lines(notes("create: authenticated; read: authenticated", field: money, more: "    id: client")) == [])
    let unique = "    unique: [[owner, status]]"
    #expect(try lines(notes("create: authenticated; read: authenticated", field: money, more: unique)) == [])
    let number = "{type: money}\n      number: {type: string, unique: true, required: true}"
    #expect(try lines(notes("create: authenticated; read: authenticated", field: number)) == [])
    // A number that may be left out tells nothing.
    let loose = "{type: money}\n      number: {type: string, unique: true}"
    #expect(try lines(notes("create: authenticated; read: authenticated", field: loose)) == ["MRT0605 {type: money"])
  }

  @Test(arguments: [
    ("{type: text}", "{type: text, length: 0..2000}"), ("text", "{type: text, length: 0..65536}"),
    ("{type: list of string}", "{type: list of string, length: 0..10}"), ("{type: json}", "{type: json, size: 8KiB}"),
  ]) func aBoundThatNobodyChoseIsANotice(field: String, bounded: String) throws {
    let access = "create: authenticated; read: authenticated"
    #expect(try lines(notes(access, field: field)) == ["MRT0606 \(field.prefix(12))"])
    #expect(try lines(notes(access, field: bounded)) == [])
    #expect(try lines(notes("read: authenticated", field: field)) == [])
  }

  // MARK: Enums, services

  @Test func enumsOfOneNameThatDriftedApartAreANotice() throws {
    func enums(_ values: String) throws -> [Diagnostic] {
      let bills = "  bills: {fields: {status: {type: enum, values: [\(values)]}}, access: {read: authenticated}}"
      return try found(notes("read: authenticated", more: bills))
    }
    #expect(
      try enums("draft, done, paid").map(\.message) == [
        "bills.status and notes.status share most of their values, and differ: paid only in bills.status; gone only in notes.status"
      ])
    #expect(try enums("draft, done").map(\.message).first?.hasSuffix("differ: gone only in notes.status") == true)
    #expect(try enums("gone, done, draft") == [])
    #expect(try enums("open, closed, draft") == [])
  }

  @Test func aServiceWithoutATimeoutIsAWarning() throws {
    func services(_ options: String) -> String {
      notes("read: authenticated", more: "services: {mail: {url: \"https://mail\"\(options)}}")
    }
    #expect(try lines(services("")) == ["MRT0608 {url: \"https"])
    #expect(try lines(services(", timeout: 2s")) == [])
  }

  // MARK: All of it

  /// Of a contract without its text the findings have no place, and what only the text tells is not claimed.
  @Test func withoutTheTextOnlyTheRulesAreWeighed() throws {
    let loaded = ContractLoader.load(
      text: notes("create: authenticated; read: record.owner == caller.id; delete: authenticated", field: "{type: text, personal: true}"))
    let contract = try #require(loaded.contract)
    let advice = ContractReview(contract, dialect: .sqlite).advice()
    #expect(advice.map(\.code) == ["MRT0601"] && advice[0].line == 0)
  }
}
