package import Base

/// SQL under construction: literal text from the builder's own code, quoted identifiers, and parameters.
///
/// The only way to a database: text comes from string literals of this target (`StaticString`), from identifiers of the
/// contract (always quoted), from numbers, and from the statements that a contract says to be its own (`sql:`). A value is always a
/// parameter.
package struct SQL: Sendable {
  /// Where a parameter's value comes from when the statement runs.
  package enum Source: Sendable, Equatable {
    case value(Value)
    /// The value at that place of what the caller of the statement hands over.
    case slot(Int)
  }

  enum Piece: Sendable {
    case text(String)
    case parameter(ColumnKind, Source)
  }

  private(set) var pieces: [Piece] = []

  package init() {}
  package init(_ text: StaticString) { append(text) }

  package var isEmpty: Bool { pieces.isEmpty }

  package mutating func append(_ text: StaticString) { pieces.append(.text(text.description)) }

  /// A name as an identifier, quoted whatever it holds.
  package mutating func append(identifier name: String) {
    pieces.append(.text(SQL.quoted(name, "\"")))
  }

  /// In quotes, those inside doubled. By scalars: a quote with a combining mark behind it is one `Character`, and no quote.
  private static func quoted(_ text: String, _ quote: Unicode.Scalar) -> String {
    var quoted = String.UnicodeScalarView([quote])
    for scalar in text.unicodeScalars where scalar != "\0" {
      if scalar == quote { quoted.append(quote) }
      quoted.append(scalar)
    }
    quoted.append(quote)
    return String(quoted)
  }

  package mutating func append(_ number: Int) { pieces.append(.text(String(number))) }

  /// The text of a number, for schema definitions: whoever calls wrote it from a number.
  mutating func append(number text: String) { pieces.append(.text(text)) }

  /// A name of a type or of a default's own text as the database printed it, for schema definitions only.
  mutating func append(printed text: String) { pieces.append(.text(text)) }

  /// A part of a statement that the contract's author wrote: see `WrittenStatements`.
  mutating func append(written text: String) { pieces.append(.text(text)) }

  package mutating func append(parameter kind: ColumnKind, _ source: Source) { pieces.append(.parameter(kind, source)) }

  package mutating func append(_ other: SQL) { pieces.append(contentsOf: other.pieces) }

  /// A text literal, for schema definitions and their defaults only: parameters are not allowed there.
  package mutating func append(literal text: String) {
    pieces.append(.text(SQL.quoted(text, "'")))
  }

  /// The same with every slot moved by `offset`: for joining parts whose slots were numbered apart.
  package func shifted(by offset: Int) -> SQL {
    guard offset != 0 else { return self }
    var result = SQL()
    result.pieces = pieces.map { piece in
      if case .parameter(let kind, .slot(let index)) = piece { .parameter(kind, .slot(index + offset)) } else { piece }
    }
    return result
  }

  package static func + (a: SQL, b: SQL) -> SQL {
    var result = a
    result.append(b)
    return result
  }

  /// The statement and where its parameters come from, in order.
  ///
  /// - Parameter isShared: it reads at most one row; PostgreSQL may be asked for several callers' at once.
  package func statement(for dialect: Dialect, isShared: Bool = false) -> PreparedSQL {
    var text = ""
    var kinds: [ColumnKind] = []
    var sources: [Source] = []
    for piece in pieces {
      switch piece {
      case .text(let part): text += part
      case .parameter(let kind, let source):
        kinds.append(kind)
        sources.append(source)
        text += (dialect == .sqlite ? "?" : "$") + String(kinds.count)
      }
    }
    let shared = isShared && dialect == .postgres && !kinds.isEmpty ? shared : nil
    return PreparedSQL(statement: Statement(text: text, parameters: kinds, shared: shared), sources: sources)
  }

  /// PostgreSQL's form of this read for several sets of parameters: the read beside each set. Its rows have the read's
  /// columns, then the number of the set, from 1; in any order.
  ///
  ///     SELECT r.*, s.n FROM unnest((SELECT $1), (SELECT $2)) WITH ORDINALITY AS s(a1, a2, n)
  ///       CROSS JOIN LATERAL (SELECT ... WHERE t."id" = s.a1 AND ...) AS r
  ///
  /// Each array stands in a subquery so that the planner does not look at how long it is, and keeps one plan.
  private var shared: String {
    var count = 0
    var read = ""
    for piece in pieces {
      switch piece {
      case .text(let part): read += part
      case .parameter:
        count += 1
        read += "martlet_set.a\(count)"
      }
    }
    let arrays = (1...count).map { "(SELECT $\($0))" }.joined(separator: ",")
    let names = (1...count).map { "a\($0)," }.joined()
    return "SELECT martlet_row.*,martlet_set.n FROM unnest(\(arrays)) WITH ORDINALITY AS martlet_set(\(names)n) "
      + "CROSS JOIN LATERAL (\(read)) AS martlet_row"
  }
}

/// A statement and the sources of its parameters.
package struct PreparedSQL: Sendable {
  package let statement: Statement
  package let sources: [SQL.Source]
  /// The parameters are the slots in their order, each once.
  private let takesSlotsAsTheyAre: Bool

  package init(statement: Statement, sources: [SQL.Source]) {
    self.statement = statement
    self.sources = sources
    takesSlotsAsTheyAre = sources.enumerated().allSatisfy { place, source in
      if case .slot(place) = source { true } else { false }
    }
  }

  /// The values to bind, slots filled from `slots`.
  package func values(_ slots: [Value] = []) -> [Value] {
    takesSlotsAsTheyAre && slots.count == sources.count ? slots : gathered(slots)
  }

  private func gathered(_ slots: [Value]) -> [Value] {
    sources.map { source in
      switch source {
      case .value(let value): value
      case .slot(let index): slots[index]
      }
    }
  }
}
