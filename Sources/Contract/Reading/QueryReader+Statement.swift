import Base
import YAML

/// Queries by a statement of their own (`sql:`).
extension QueryReader {
  /// Nil where it has a mistake.
  func readStatement(_ sql: YAMLNode, into draft: NamedQuery) -> NamedQuery? {
    var query = draft
    if node["bypasses_rules"]?.boolean != true {
      findings.report(
        .missingKey, "\(name): sql sees every row, and must say so", at: sql.mark, suggestion: "add bypasses_rules: true")
    }
    switch query.access {
    case .roles, .nobody: break
    default:
      findings.report(
        .bypassedRules, "\(name): sql passes by the row rules, and its access is no list of roles", at: node["access"]?.mark ?? sql.mark)
    }
    for key in ["from", "where", "group", "select"] {
      guard let other = node[key] else { continue }
      findings.report(.contradiction, "\(name) has \(key) and sql: one of them", at: other.mark)
    }
    for parameter in node["params"]?.members ?? [] where WrittenQuery.callerParameters.contains(parameter.key.text) {
      findings.report(
        .reservedName, "\(name).params.\(parameter.key.text): in a statement that is the caller's own", at: parameter.key.mark)
    }
    var written = WrittenQuery()
    if sql.isScalar {
      // For the store that the service has.
      let isPostgres = work.reader.contract.store.url.hasPrefix("postgres")
      let statement = statement(sql, isPostgres ? .postgres : .sqlite)
      if isPostgres { written.postgres = statement } else { written.sqlite = statement }
    } else {
      written.sqlite = sql["sqlite"].flatMap { statement($0, .sqlite) }
      written.postgres = sql["postgres"].flatMap { statement($0, .postgres) }
      if sql["sqlite"] == nil, sql["postgres"] == nil {
        findings.report(.missingKey, "\(name).sql needs a statement for sqlite or for postgres", at: sql.mark)
      }
    }
    readColumns(into: &written)
    query.written = written
    readSort(sortable(written), into: &query)
    return query
  }

  private func statement(_ node: YAMLNode, _ language: StatementLexer.Language) -> WrittenQuery.Statement? {
    guard let text = node.scalarText else { return nil }
    var lexer = StatementLexer(text, language)
    do throws(StatementLexer.Problem) {
      let (pieces, parameters) = try lexer.read()
      let known = (self.node["params"]?.members ?? []).map(\.key.text) + WrittenQuery.callerParameters
      for parameter in parameters where !known.contains(parameter.name) {
        findings.report(
          .invalidStatement, "\(name).sql: there is no parameter \"\(parameter.name.excerpt)\"",
          at: findings.mark(of: node, utf8Offset: parameter.utf8Offset), suggestion: Suggestion.question(parameter.name, in: known))
      }
      let files = findings.files
      return WrittenQuery.Statement(
        pieces, file: files.indices.contains(node.mark.source) ? files[node.mark.source].name : "", line: node.mark.line)
    } catch {
      findings.report(
        .invalidStatement, "\(name).sql: \(error.message)", at: findings.mark(of: node, utf8Offset: error.utf8Offset))
      return nil
    }
  }

  private func readColumns(into written: inout WrittenQuery) {
    guard let columns = node["columns"], !columns.members.isEmpty else {
      return findings.report(
        .missingKey, "\(name) needs the key \"columns\": what its rows have, and of which type", at: member.key.mark,
        suggestion: "columns: {day: date, amount: integer}")
    }
    for column in columns.members {
      let place = "\(name).columns.\(column.key.text)"
      let value = column.value
      guard let text = value.isScalar ? value.string : value["type"]?.string,
        let type = TypeReader(text: text, node: value, place: place, key: column.key, findings: findings).read()
      else { continue }
      switch type {
      case .money, .list, .secret, .file, .ref:
        findings.report(
          .conflictingOptions, "\(place): a column of a statement is no \(type.name)", at: value.mark,
          suggestion: "a column for each part, such as integer and string, or json")
      default: written.columns.append(.init(name: column.key.text, type: type, description: value["description"]?.string))
      }
    }
  }

  /// Columns whose values have one order on every store.
  private func sortable(_ written: WrittenQuery) -> [String] {
    written.columns.filter { if case .json = $0.type { false } else { true } }.map(\.name)
  }
}
