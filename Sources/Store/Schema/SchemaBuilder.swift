package import Base
package import Contract

/// The tables that a contract wants, the engine's own among them.
package struct SchemaBuilder {
  package let dialect: Dialect
  private let contract: Contract
  private let layout: Layout

  private let now: Timestamp

  /// - Parameter now: which parts a table that is cut by time begins with.
  package init(_ contract: Contract, dialect: Dialect, now: Timestamp) {
    self.contract = contract
    self.dialect = dialect
    self.now = now
    layout = Layout(contract)
  }

  /// In the contract's order, then the engine's.
  package func tables() -> [TableDefinition] {
    contract.resources.compactMap { resource in layout[resource.name].map { definition(resource, $0) } }
      + EngineTable.all(dialect).map(definition)
  }

  private func definition(_ resource: Resource, _ table: TableLayout) -> TableDefinition {
    var result = TableDefinition(name: table.table, schema: table.schema)
    result.isManaged = table.isManaged
    result.isReadOnly = resource.storage.isReadOnly
    result.was = resource.was
    result.key = table.key.map(\.name)
    result.isNumbered = resource.storage.key.count == 1 && resource.storage.key[0].isGenerated
    result.isClustered = !result.isNumbered && resource.fields.allSatisfy { SchemaBuilder.isShort($0.type) }
    for (place, key) in table.key.enumerated() {
      let type = resource.storage.key[place].type
      add(column(key, type, field: nil, table: table), to: &result)
    }
    for member in table.fields {
      guard let field = member.field else {
        for column in member.columns { add(self.column(column, nil, field: nil, table: table), to: &result) }
        continue
      }
      if case .money(let options) = field.type {
        addMoney(member, field, options, to: &result)
      } else if let column = member.columns.first {
        add(self.column(column, field.type, field: field, table: table), to: &result)
      }
    }
    result.indexes = indexes(table)
    result.words = table.words
    if dialect == .postgres, let partitioning = resource.partitioning {
      let calendar = PartCalendar(table: table.table, schema: table.schema, every: partitioning.every)
      result.calendar = calendar
      result.parts = calendar.missing(beside: [], at: now)
      result.firstCut = calendar.firstCut(at: now)
    }
    return result
  }

  private func add(_ column: ColumnDefinition, to table: inout TableDefinition) {
    if table.column(column.name) == nil { table.columns.append(column) }
  }

  private func column(_ column: ColumnLayout, _ type: FieldType?, field: Field?, table: TableLayout) -> ColumnDefinition {
    var precision: Int?
    if case .decimal(let digits, _, _, _) = type { precision = digits }
    var result = ColumnDefinition(
      name: column.name, type: column.kind.columnType(dialect, precision: precision), kind: column.kind,
      isNullable: column.isNullable)
    let condition =
      type.flatMap { ColumnCondition.condition(column.name, $0, kind: column.kind, dialect: dialect) }
      ?? (dialect == .sqlite ? ColumnCondition.format(column.name, column.kind) : nil)
    result.check = condition.map { check($0, table: table.table, column: column.name) }
    result.field = field.map(\.type) ?? type
    guard let field else { return result }
    result.isGenerated = field.isGenerated
    result.was = field.was
    if case .ref(let reference) = field.type { result.reference = self.reference(reference, field, table) }
    if case .value(let value) = field.defaultValue { result.defaultLiteral = literal(value, column.kind) }
    return result
  }

  /// Two columns that are null together.
  private func addMoney(_ member: FieldLayout, _ field: Field, _ options: MoneyOptions, to table: inout TableDefinition) {
    guard member.columns.count == 2 else { return }
    let (amount, currency) = (member.columns[0], member.columns[1])
    var amountColumn = ColumnDefinition(
      name: amount.name, type: amount.kind.columnType(dialect, precision: nil), kind: amount.kind,
      isNullable: amount.isNullable)
    amountColumn.was = field.was.map { $0 + "_amount" }
    if let minimum = options.minimum {
      amountColumn.check = check(
        SQL(identifier: amount.name) + SQL(" >= ") + SQL(integer: minimum), table: table.name, column: amount.name)
    }
    var currencyColumn = ColumnDefinition(
      name: currency.name, type: currency.kind.columnType(dialect, precision: nil), kind: currency.kind,
      isNullable: currency.isNullable)
    currencyColumn.was = field.was.map { $0 + "_currency" }
    var condition =
      options.currencies.isEmpty
      ? SQL("length(") + SQL(identifier: currency.name) + SQL(") = 3")
      : ColumnCondition.isOne(of: options.currencies, currency.name)
    if amount.isNullable {
      // With the later column, so that `ADD COLUMN` brings it.
      condition =
        condition + SQL(" AND (") + SQL(identifier: amount.name) + SQL(" IS NULL) = (") + SQL(identifier: currency.name)
        + SQL(" IS NULL)")
    }
    currencyColumn.check = check(condition, table: table.name, column: currency.name)
    if case .value(.money(let money)) = field.defaultValue {
      amountColumn.defaultLiteral = SQL(integer: money.amount)
      currencyColumn.defaultLiteral = SQL(literal: money.currency.description)
    }
    add(amountColumn, to: &table)
    add(currencyColumn, to: &table)
  }

  private func reference(_ reference: Reference, _ field: Field, _ table: TableLayout) -> ReferenceDefinition? {
    guard let target = layout[reference.resource], target.key.count == 1, let resource = contract.resource(reference.resource),
      !resource.storage.isReadOnly
    else { return nil }
    let action =
      switch reference.onDelete {
      case .restrict: "RESTRICT"
      case .cascade: "CASCADE"
      case .setNull: "SET NULL"
      }
    return ReferenceDefinition(
      name: SchemaBuilder.name("fk_", table.table, field.column, digestOf: "\(target.table) \(action)"),
      table: target.table, schema: target.schema, column: target.key[0].name, onDelete: action)
  }

  private func indexes(_ table: TableLayout) -> [IndexDefinition] {
    table.indexes.map { index in
      var parts: [IndexDefinition.Part] = []
      for part in index.parts {
        for name in part.columns {
          let isNullable = table.field(part.field)?.columns.first { $0.name == name }?.isNullable ?? false
          parts.append(.init(column: name, isDescending: part.isDescending, isNullable: isNullable))
        }
      }
      if !index.isUnique {
        let isDescending = parts.last?.isDescending ?? false
        for key in table.key where !parts.contains(where: { $0.column == key.name }) {
          parts.append(.init(column: key.name, isDescending: isDescending, isNullable: false))
        }
      }
      return IndexDefinition(
        name: index.name, parts: parts, isUnique: index.isUnique, whereNull: index.isOfLiving ? table.deletion?.name : nil)
    }
  }

  private func definition(_ engine: EngineTable) -> TableDefinition {
    var result = TableDefinition(name: engine.name)
    result.key = engine.key
    result.isNumbered = engine.isNumbered
    for column in engine.columns {
      var definition = ColumnDefinition(
        name: column.name, type: column.kind.columnType(dialect, precision: nil), kind: column.kind,
        isNullable: column.isNullable)
      // The engine alone writes these: formats are its own, and JSON is never checked twice.
      if dialect == .sqlite, column.kind == .uuid, let format = ColumnCondition.format(column.name, .uuid) {
        definition.check = check(format, table: engine.name, column: column.name)
      }
      result.columns.append(definition)
    }
    for columns in engine.indexes {
      result.indexes.append(
        IndexDefinition(
          name: "ix_" + engine.name + "_" + columns.joined(separator: "_"),
          parts: columns.map { .init(column: $0, isDescending: false, isNullable: false) }, isUnique: false))
    }
    return result
  }

  private func check(_ condition: SQL, table: String, column: String) -> CheckDefinition {
    CheckDefinition(
      name: SchemaBuilder.name("ck_", table, column, digestOf: condition.text(dialect)), condition: condition)
  }

  /// A name of at most 63 bytes that changes with what it names.
  static func name(_ prefix: String, _ table: String, _ column: String, digestOf text: String) -> String {
    let readable = String(decoding: "\(prefix)\(table)_\(column)".utf8.filter { $0 < 0x80 }.prefix(48), as: UTF8.self)
    return readable + "_" + String(UInt64.digest("\(table)\u{0}\(column)\u{0}\(text)"), radix: 36)
  }

  private func literal(_ value: Value, _ kind: ColumnKind) -> SQL? {
    switch (value, kind) {
    case (.string(let text), _): SQL(literal: text)
    case (.integer(let number), .decimal(let scale)):
      ColumnCondition.literal(Decimal(units: number, scale: 0), scale, dialect)
    case (.integer(let number), _): SQL(integer: number)
    case (.number(let number), _): SQL(number: number)
    case (.decimal(let decimal), .decimal(let scale)): ColumnCondition.literal(decimal, scale, dialect)
    case (.boolean(let flag), _):
      dialect == .sqlite ? SQL(integer: flag ? 1 : 0) : (flag ? SQL("true") : SQL("false"))
    case (.timestamp(let time), .timestamp):
      dialect == .sqlite ? SQL(integer: time.microseconds) : SQL(literal: time.description)
    case (.date(let date), _): SQL(literal: date.description)
    case (.json(let text), _): SQL(literal: String(decoding: text, as: UTF8.self))
    default: nil
    }
  }

  /// Rows of such columns only are short enough to lie in the key's tree.
  private static func isShort(_ type: FieldType) -> Bool {
    switch type {
    case .text, .json, .list, .file: false
    case .string(let options): options.length.upperBound <= 1000
    default: true
    }
  }
}
