/// PostgreSQL's function that cuts a text into words as `WordTables` says: they do not depend on the database's locale, as its own
/// text search would.
enum WordsFunction {
  /// Its number changes with the tables: an index stands on the words that the function gave when a row was written.
  static let name = "martlet_words_1"

  /// Longer words are cut: nobody can ask for one (`SearchText.wordLengthMax`), and PostgreSQL takes 2,046 bytes.
  static let wordLengthMax = 200

  /// Makes it where it is not there yet.
  static var creation: String {
    var sql = SQL("DO $martlet$ BEGIN IF to_regprocedure(")
    sql.append(literal: name + "(text)")
    sql.append(") IS NULL THEN CREATE FUNCTION ")
    sql.append(identifier: name)
    sql.append("(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $body$\n")
    sql.append(printed: body)
    sql.append("\n$body$; END IF; END $martlet$")
    return sql.text(.postgres)
  }

  /// Folds a block of characters at a time, where the text has some of it: `translate` looks through all that it is given.
  private static var body: String {
    var body = """
      DECLARE x text COLLATE "C" := pg_catalog.lower(t COLLATE "C");
      BEGIN
        IF pg_catalog.octet_length(x) = pg_catalog.length(x) THEN
          x := pg_catalog.btrim(pg_catalog.regexp_replace(x, '[^0-9a-z]+', ' ', 'g'));
        ELSE

      """
    for (first, last, from, to) in blocks {
      body += "    IF pg_catalog.textregexeq(x, '[\(escape(first))-\(escape(last))]') THEN "
      body += "x := pg_catalog.translate(x, '\(from)', '\(to)'); END IF;\n"
    }
    body += """
          x := pg_catalog.btrim(pg_catalog.regexp_replace(x, '[^\(parts)]+', ' ', 'g'));
          x := pg_catalog.translate(x, '\(accents)', '');
        END IF;
        RETURN pg_catalog.regexp_replace(x, '([^ ]{\(wordLengthMax)})[^ ]+', '\\1', 'g');
      END
      """
    return body
  }

  /// Characters outside of ASCII that stand for others, 256 code points a block.
  private static var blocks: [(first: UInt32, last: UInt32, from: String, to: String)] {
    var blocks: [(first: UInt32, last: UInt32, from: String, to: String)] = []
    for (value, folded) in WordCharacter.folded.sorted(by: { $0.key < $1.key }) where value >= 0x80 {
      guard let scalar = Unicode.Scalar(value) else { continue }
      if blocks.last.map({ $0.first >> 8 != value >> 8 }) ?? true { blocks.append((value, value, "", "")) }
      blocks[blocks.count - 1].last = value
      blocks[blocks.count - 1].from.unicodeScalars.append(scalar)
      blocks[blocks.count - 1].to.unicodeScalars.append(folded)
    }
    return blocks
  }

  private static var parts: String {
    var parts = "0-9a-z"
    for start in stride(from: 0, to: WordTables.words.count, by: 2) where WordTables.words[start] >= 0x80 {
      parts += escape(WordTables.words[start]) + "-" + escape(WordTables.words[start + 1])
    }
    return parts
  }

  private static var accents: String {
    var accents = String.UnicodeScalarView()
    for value in WordTables.accents { if let scalar = Unicode.Scalar(value) { accents.append(scalar) } }
    return String(accents)
  }

  /// As regular expressions of PostgreSQL name a character.
  private static func escape(_ value: UInt32) -> String {
    let digits = String(value, radix: 16)
    return value < 0x10000
      ? "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      : "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
  }
}
