import TestSupport
import Testing

@testable import Contract

@Suite("A statement of the contract's own") struct StatementLexerTests {
  private static func read(_ text: String, _ language: StatementLexer.Language) throws -> String {
    var lexer = StatementLexer(text, language)
    let (pieces, parameters) = try lexer.read()
    var names: [String] = []
    let joined = pieces.map { piece in
      guard case .parameter(let name) = piece else {
        if case .text(let text) = piece { return text }
        return ""
      }
      names.append(name)
      return "<\(name)>"
    }.joined()
    #expect(names == parameters.map(\.name))
    return joined
  }

  @Test(
    "has parameters where they are no part of a text, a name or a comment",
    arguments: [
      ("select :a, :b_1 + :a", "select <a>, <b_1> + <a>"),
      ("select ':a', \":b\", 'it''s :c' where x=:d", "select ':a', \":b\", 'it''s :c' where x=<d>"),
      ("select 1 -- :a ' \" (\n, :b", "select 1 -- :a ' \" (\n, <b>"),
      ("select /* :a ' ( */ :b", "select /* :a ' ( */ <b>"),
      ("select 1;", "select 1"), ("select 1 ; -- end\n /* ; */ ", "select 1 "),
      ("with a as (select :x) select * from a where (b) in (:y)", "with a as (select <x>) select * from a where (b) in (<y>)"),
      ("VALUES (:a)", "VALUES (<a>)"), ("(select 1) union (select :a)", "(select 1) union (select <a>)"),
      ("select é:a", "select é<a>"), ("select a - -1, b / 2, :c", "select a - -1, b / 2, <c>"),
    ])
  func both(text: String, expected: String) throws {
    for language in [StatementLexer.Language.sqlite, .postgres] { #expect(try Self.read(text, language) == expected) }
  }

  @Test(
    "PostgreSQL's own forms are known",
    arguments: [
      ("select a::text, :b::date", "select a::text, <b>::date"), ("select $$:a ' ; ($$, :b", "select $$:a ' ; ($$, <b>"),
      ("select $q$ $$ :a $q$ || :b", "select $q$ $$ :a $q$ || <b>"), ("select a$b$c, :d", "select a$b$c, <d>"),
      (#"select E'it\'s :a' , :b"#, #"select E'it\'s :a' , <b>"#), (#"select 'a\' , :b"#, #"select 'a\' , <b>"#),
      ("select /* a /* :b */ :c */ :d", "select /* a /* :b */ :c */ <d>"), ("select a[1:2], :b", "select a[1:2], <b>"),
      ("table orders", "table orders"), ("select a ? 'b', a @> :c", "select a ? 'b', a @> <c>"),
    ])
  func postgres(text: String, expected: String) throws {
    #expect(try Self.read(text, .postgres) == expected)
  }

  @Test(
    "SQLite's own forms are known",
    arguments: [
      ("select [a:b], `c:d`, :e", "select [a:b], `c:d`, <e>"), ("select /* a /* :b */ :c", "select /* a /* :b */ <c>"),
      (#"select 'a\', :b"#, #"select 'a\', <b>"#), ("select [a\"'], :b", "select [a\"'], <b>"),
    ])
  func sqlite(text: String, expected: String) throws {
    #expect(try Self.read(text, .sqlite) == expected)
  }

  @Test(
    "is one, closed in itself, that reads",
    arguments: [
      ("", 0), ("  -- nothing", 0), ("insert into a values (1)", 0), ("PRAGMA a", 0), ("explain select 1", 0), ("set a = 1", 0),
      ("select 1; select 2", 10), ("select 1;;", 9), ("select 1) union (select 2", 8), ("select ((1)", 11), ("select 'a", 7),
      ("select \"a", 7), ("select 1 /* ", 9), ("select '\0'", 8), ("select 1 -- \0", 12), ("select 'a''", 7),
    ])
  func refusals(text: String, offset: Int) {
    for language in [StatementLexer.Language.sqlite, .postgres] {
      #expect { try Self.read(text, language) } throws: { ($0 as? StatementLexer.Problem)?.utf8Offset == offset }
    }
  }

  @Test(
    "SQLite's own parameters are none of ours",
    arguments: ["select ?", "select ?1", "select @a", "select $a", "select `a", "select [a", "table a", "select 1 where a = $1"])
  func foreignParameters(text: String) {
    #expect(throws: StatementLexer.Problem.self) { try Self.read(text, .sqlite) }
  }

  @Test(
    "PostgreSQL's own mistakes are found", arguments: ["select $1", "select $$a", "select $a$ $b$", "select /* /* */", #"select E'\'"#])
  func mistakes(text: String) {
    #expect(throws: StatementLexer.Problem.self) { try Self.read(text, .postgres) }
  }

  @Test("is read or refused whatever it is, and nothing of it is lost") func anything() {
    var random = SplitMix64(seed: 5)
    let parts = [
      "select ", "'", "\"", ":a", "::", "(", ")", "--", "\n", "/*", "*/", "$$", "$a$", "$", "e", "E'", "\\", "[", "]", "`", "é", ";", " ",
      "1", "?",
    ]
    var read = 0
    for _ in 0..<20_000 {
      let text = "select " + (0..<random.below(12)).map { _ in random.pick(parts) }.joined()
      for language in [StatementLexer.Language.sqlite, .postgres] {
        guard let result = try? Self.read(text, language) else { continue }
        read += 1
        let whole = result.replacing("<", with: ":").replacing(">", with: "")
        // What is left away is the semicolon, and what may follow it.
        let rest = text.utf8.dropFirst(whole.utf8.count)
        #expect(text.utf8.starts(with: whole.utf8) && (rest.isEmpty || rest.first == UInt8(ascii: ";")), "\(text) became \(result)")
      }
    }
    #expect(read > 1000)
  }
}
