package import Base

/// What a search asks of a table's rows, over some of its searched fields.
///
/// Each word is to be found in one of the fields, words that belong together in one field.
package struct WordSearch: Sendable {
  /// A condition and the values to bind.
  package typealias Part = (predicate: Predicate, values: [Value])

  /// What its statements depend on besides the table.
  package struct Form: Hashable, Sendable {
    let fields: [String]
    /// How many words each condition has.
    let words: [Int]
  }

  package let form: Form
  /// Finds the rows by the index. At most `budget` of them come out of it on SQLite.
  package let drive: Part
  /// Asks the same of a row that is at hand.
  package let walk: Part
  /// What the rows that are found have to fulfil besides, either way: that words follow each other, which PostgreSQL's index
  /// does not know.
  package let filters: [Part]

  /// - Parameter fields: of `index.fields`, those that the caller sees in every row; never empty.
  package init(_ text: SearchText, in index: WordsIndex, fields: [FieldLayout], budget: Int, dialect: Dialect) {
    switch dialect {
    case .sqlite:
      form = Form(fields: fields.map(\.name), words: [])
      let values = [Value.string(WordSearch.expression(text, in: index, fields: fields))]
      drive = (WordSearch.found(in: index, budget: budget), values)
      walk = (WordSearch.holds(in: index), values)
      filters = []
    case .postgres:
      let words = text.terms.flatMap { term in
        term.words.enumerated().map { place, word in
          Value.string("'\(word)'" + (term.isBeginning && place == term.words.count - 1 ? ":*" : ""))
        }
      }
      let phrases = text.terms.filter { $0.words.count > 1 }
      form = Form(fields: fields.map(\.name), words: [words.count, phrases.count])
      drive = (WordSearch.lexemes(words.count, fields: fields), words)
      walk = drive
      filters = phrases.map { term in
        (WordSearch.phrase(fields), [.string(" " + term.words.joined(separator: " ") + (term.isBeginning ? "" : " "))])
      }
    }
  }

  // MARK: SQLite

  /// FTS5's own language. Words are letters, digits and marks: none can end the quotation.
  private static func expression(_ text: SearchText, in index: WordsIndex, fields: [FieldLayout]) -> String {
    let columns = index.fields.indices.filter { place in fields.contains { $0.name == index.fields[place].name } }
    let terms = text.terms.map { "\"" + $0.words.joined(separator: " ") + "\"" + ($0.isBeginning ? " *" : "") }
    return "{" + columns.map(index.word).joined(separator: " ") + "} : (" + terms.joined(separator: " AND ") + ")"
  }

  private static func found(in index: WordsIndex, budget: Int) -> Predicate {
    var builder = StatementBuilder()
    builder.column(index.key.name)
    builder.text(" IN (SELECT r.")
    builder.identifier(index.key.name)
    builder.text(" FROM ")
    builder.identifier(index.name)
    builder.text(" AS f CROSS JOIN ")
    builder.identifier(index.rows)
    builder.text(" AS r ON r.\"row\" = f.rowid WHERE f.")
    builder.identifier(index.name)
    builder.text(" MATCH ")
    builder.slot(.text)
    builder.text(" LIMIT ")
    builder.number(budget)
    builder.text(")")
    return Predicate(sql: builder.sql, slots: 1)
  }

  private static func holds(in index: WordsIndex) -> Predicate {
    var builder = StatementBuilder()
    builder.text("EXISTS (SELECT 1 FROM ")
    builder.identifier(index.rows)
    builder.text(" AS r CROSS JOIN ")
    builder.identifier(index.name)
    builder.text(" AS f ON f.rowid = r.\"row\" WHERE r.")
    builder.identifier(index.key.name)
    builder.text(" = ")
    builder.column(index.key.name)
    builder.text(" AND f.")
    builder.identifier(index.name)
    builder.text(" MATCH ")
    builder.slot(.text)
    builder.text(")")
    return Predicate(sql: builder.sql, slots: 1)
  }

  // MARK: PostgreSQL

  /// Each word stands in one of the fields.
  private static func lexemes(_ count: Int, fields: [FieldLayout]) -> Predicate {
    var builder = StatementBuilder()
    builder.list(0..<count, separator: " AND ") { builder, word in
      builder.text("(")
      builder.list(fields, separator: " OR ") { builder, field in
        builder.append(WordsIndex.lexemes(column(field)))
        builder.text(" @@ CAST(CAST(")
        builder.slot(.text, number: word)
        builder.text(" AS text) AS tsquery)")
      }
      builder.text(")")
    }
    return Predicate(sql: builder.sql, slots: count)
  }

  private static func phrase(_ fields: [FieldLayout]) -> Predicate {
    var builder = StatementBuilder()
    builder.list(fields, separator: " OR ") { builder, field in
      builder.text("strpos(concat(' ', ")
      builder.append(WordsIndex.words(column(field)))
      builder.text(", ' '), CAST(")
      builder.slot(.text, number: 0)
      builder.text(" AS text)) > 0")
    }
    return Predicate(sql: builder.sql, slots: 1)
  }

  private static func column(_ field: FieldLayout) -> SQL {
    SQL("t.") + SQL(identifier: field.columns[0].name)
  }
}
