import Base
import Store

/// What the conditions of a PostgreSQL table, and of the domains of its columns, say of single columns, as far as a contract can
/// say it too.
struct PostgresChecks {
  enum Fact {
    case values([String])
    case atLeast(String)
    case above(String)
    case atMost(String)
    case below(String)
    case lengthAtLeast(Int)
    case lengthAtMost(Int)
  }

  /// Of one column.
  struct Column {
    fileprivate(set) var conditions: [(text: String, facts: [Fact])] = []

    fileprivate var facts: [Fact] { conditions.flatMap(\.facts) }
    var texts: [String] { conditions.map(\.text) }

    /// Where several conditions list values, what all of them list.
    var values: [String]? {
      var result: [String]?
      for case .values(let values) in facts { result = result.map { known in known.filter(values.contains) } ?? values }
      return result
    }

    var lengthMin: Int? { facts.compactMap { if case .lengthAtLeast(let count) = $0 { count } else { nil } }.max() }
    var lengthMax: Int? { facts.compactMap { if case .lengthAtMost(let count) = $0 { count } else { nil } }.min() }

    func minimum(as type: String) -> String? { bound(facts.compactMap { $0.bound(as: type, isLower: true) }) { $0 > $1 } }
    func maximum(as type: String) -> String? { bound(facts.compactMap { $0.bound(as: type, isLower: false) }) { $0 < $1 } }

    private func bound(_ texts: [String], _ isTighter: (Double, Double) -> Bool) -> String? {
      texts.reduce(nil) { best, text in
        guard let best else { return text }
        return isTighter(Double(text) ?? 0, Double(best) ?? 0) ? text : best
      }
    }

    /// The conditions that a field of that type does not say whole.
    func unsaid(as type: String) -> [String] {
      conditions.filter { !$0.facts.allSatisfy { $0.isSaid(by: type) } }.map(\.text)
    }
  }

  private var columns: [String: Column] = [:]
  /// Conditions over several columns, or of another form.
  private(set) var others: [String] = []

  init(_ conditions: [LiveCondition], of table: LiveTable) {
    for condition in conditions {
      guard let (name, facts) = PostgresChecks.facts(condition), table.column(name) != nil else {
        others.append(condition.column.map { "\($0): \(condition.text)" } ?? condition.text)
        continue
      }
      columns[name, default: Column()].conditions.append((condition.text, facts))
    }
  }

  subscript(_ column: String) -> Column { columns[column] ?? Column() }

  /// What a condition says of one column; nil where it says anything else too.
  private static func facts(_ condition: LiveCondition) -> (column: String, facts: [Fact])? {
    var found: [Fact] = []
    var column: String?
    for part in PostgresExpression(condition.text).split(at: "AND") {
      guard let (name, fact) = fact(part, domain: condition.column), column == nil || column == name else { return nil }
      column = name
      found.append(fact)
    }
    return column.map { ($0, found) }
  }

  private static func fact(_ expression: PostgresExpression, domain: String?) -> (String, Fact)? {
    let choices = expression.split(at: "OR")
    if choices.count > 1 {
      var values: [String] = []
      var column: String?
      for choice in choices {
        guard case (let name, .values(let value))? = fact(choice, domain: domain), column == nil || column == name else { return nil }
        column = name
        values += value
      }
      return column.map { ($0, .values(values)) }
    }
    let nodes = expression.nodes
    // length(name) <= 10
    if nodes.count == 4, case .token(let function) = nodes[0],
      ["LENGTH", "CHAR_LENGTH", "CHARACTER_LENGTH"].contains(where: function.isWord),
      let name = name(nodes[1], domain), case .token(let sign) = nodes[2], case .token(let number) = nodes[3], let count = Int(number.text),
      (0...65_536).contains(count)
    {
      return length(sign.text, count).map { (name, $0) }
    }
    guard nodes.count >= 3, case .token(let sign) = nodes[1] else { return nil }
    // status = ANY (ARRAY['a', 'b'])
    if sign.text == "=", nodes.count == 4, case .token(let any) = nodes[2], any.isWord("ANY"), let name = name(nodes[0], domain),
      let values = array(nodes[3])
    {
      return (name, .values(values))
    }
    guard nodes.count == 3 else { return nil }
    if let name = name(nodes[0], domain), case .token(let token) = nodes[2], let literal = PostgresExpression.literal(token) {
      return comparison(sign.text, literal).map { (name, $0) }
    }
    if let name = name(nodes[2], domain), case .token(let token) = nodes[0], let literal = PostgresExpression.literal(token) {
      let mirrored = [">=": "<=", "<=": ">=", ">": "<", "<": ">", "=": "="]
      return mirrored[sign.text].flatMap { comparison($0, literal) }.map { (name, $0) }
    }
    return nil
  }

  private static func name(_ node: PostgresExpression.Node, _ domain: String?) -> String? {
    guard case .token(let token) = node, token.isName else { return nil }
    if let domain { return token.isWord("VALUE") ? domain : nil }
    return token.text
  }

  private static func array(_ node: PostgresExpression.Node) -> [String]? {
    guard case .group(let inner) = node else { return nil }
    let nodes = PostgresExpression(inner).nodes
    guard nodes.count == 2, case .token(let word) = nodes[0], word.isWord("ARRAY") else { return nil }
    // One value alone has lost its brackets.
    var items: [PostgresExpression.Node] = [nodes[1]]
    if case .group(let several) = nodes[1] { items = several }
    var values: [String] = []
    for (place, item) in items.enumerated() {
      let plain = PostgresExpression([item])
      if place % 2 == 1 {
        guard plain.nodes.count == 1, case .token(let comma) = plain.nodes[0], comma.text == ",", !comma.isLiteral else { return nil }
      } else {
        guard let literal = plain.literal, literal.isText else { return nil }
        values.append(literal.text)
      }
    }
    return Set(values).count == values.count && !values.isEmpty ? values : nil
  }

  private static func comparison(_ sign: String, _ literal: (text: String, isText: Bool)) -> Fact? {
    if sign == "=" { return literal.isText ? .values([literal.text]) : nil }
    guard let number = Double(literal.text), number.isFinite, literal.text.utf8.count <= 20 else { return nil }
    switch sign {
    case ">=": return .atLeast(literal.text)
    case ">": return .above(literal.text)
    case "<=": return .atMost(literal.text)
    case "<": return .below(literal.text)
    default: return nil
    }
  }

  private static func length(_ sign: String, _ count: Int) -> Fact? {
    switch sign {
    case ">=": .lengthAtLeast(count)
    case ">": .lengthAtLeast(count + 1)
    case "<=": .lengthAtMost(count)
    case "<": count > 0 ? .lengthAtMost(count - 1) : nil
    default: nil
    }
  }
}

extension PostgresChecks.Fact {
  /// The lower or the upper bound that it is of a number of that type; nil where it is none, or none that is part of the range.
  func bound(as type: String, isLower: Bool) -> String? {
    switch (self, isLower) {
    case (.atLeast(let text), true), (.atMost(let text), false): return fitted(text, type)
    case (.above(let text), true):
      guard type == "integer", let number = Int64(text), number < .max else { return nil }
      return String(number + 1)
    case (.below(let text), false):
      guard type == "integer", let number = Int64(text), number > .min else { return nil }
      return String(number - 1)
    default: return nil
    }
  }

  private func fitted(_ text: String, _ type: String) -> String? {
    switch type {
    case "integer": Int64(text).map { String($0) }
    case "number", "decimal":
      text.utf8.allSatisfy { $0.isDigit || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") } && text.utf8.last != UInt8(ascii: ".")
        ? text : nil
    default: nil
    }
  }

  /// Whether a field of that type, made with it, says it.
  func isSaid(by type: String) -> Bool {
    switch self {
    case .values: type == "enum"
    case .lengthAtLeast, .lengthAtMost: type == "string" || type == "text"
    case .atLeast, .above: bound(as: type, isLower: true) != nil
    case .atMost, .below: bound(as: type, isLower: false) != nil
    }
  }
}
