import Base

/// From one kind of column to another that can hold every value of it.
struct SchemaConversion: Sendable {
  /// The new value, over the old column's name.
  var expression: SQL
  /// Rows for which this holds have no place in the new kind.
  var misfit: SQL?

  /// Integers that a double holds exactly.
  private static let exactMax: Int64 = 1 << 53

  /// Nil where some values would be lost, or be written in a way that nobody expects: a person converts those.
  init?(_ name: String, from old: ColumnKind, to new: ColumnKind, precision: Int?, dialect: Dialect) {
    let column = SQL(identifier: name)
    switch (old, new) {
    case (.integer, .text): expression = SchemaConversion.cast(column, "text", dialect)
    case (.integer, .number):
      expression = SchemaConversion.cast(column, dialect == .sqlite ? "REAL" : "double precision", dialect)
      misfit =
        column + SQL(" NOT BETWEEN ") + SQL(integer: -SchemaConversion.exactMax) + SQL(" AND ") + SQL(integer: SchemaConversion.exactMax)
    case (.integer, .decimal(let scale)):
      let digits = (precision ?? Decimal.digitsMax) - scale
      guard (0...Decimal.digitsMax).contains(digits), (0..<Decimal.digitsMax).contains(scale) else { return nil }
      let limit = SQL(integer: Decimal.powerOfTen(digits) - 1)
      expression = dialect == .sqlite ? column + SQL(" * ") + SQL(integer: Decimal.powerOfTen(scale)) : column
      misfit = column + SQL(" NOT BETWEEN -") + limit + SQL(" AND ") + limit
    case (.decimal(let few), .decimal(let many)) where many > few && dialect == .sqlite:
      // 18 digits at most before, so that what fits the new precision fits 64 bits.
      guard many <= Decimal.digitsMax else { return nil }
      let limit = SQL(integer: Decimal.powerOfTen(Decimal.digitsMax - (many - few)) - 1)
      expression = column + SQL(" * ") + SQL(integer: Decimal.powerOfTen(many - few))
      misfit = column + SQL(" NOT BETWEEN -") + limit + SQL(" AND ") + limit
    case (.date, .timestamp):
      expression =
        dialect == .sqlite
        ? SQL("CAST(strftime('%s', ") + column + SQL(") AS INTEGER) * 1000000") : column + SQL("::timestamp AT TIME ZONE 'UTC'")
    case (.uuid, .text): expression = dialect == .sqlite ? SchemaConversion.dashed(column) : column + SQL("::text")
    default: return nil
    }
  }

  private static func cast(_ column: SQL, _ type: StaticString, _ dialect: Dialect) -> SQL {
    dialect == .sqlite ? SQL("CAST(") + column + SQL(" AS ") + SQL(type) + SQL(")") : column + SQL("::") + SQL(type)
  }

  /// Sixteen bytes as a UUID is written.
  private static func dashed(_ column: SQL) -> SQL {
    var sql = SQL()
    for (place, part) in [(1, 8), (9, 4), (13, 4), (17, 4), (21, 12)].enumerated() {
      if place > 0 { sql.append(" || '-' || ") }
      sql = sql + SQL("substr(lower(hex(") + column + SQL(")), ")
      sql.append(part.0)
      sql.append(", ")
      sql.append(part.1)
      sql.append(")")
    }
    return sql
  }
}

extension ColumnKind {
  /// From `recordName`.
  init?(recordName name: String) {
    let plain: [ColumnKind] = [
      .text, .stored, .integer, .number, .boolean, .timestamp, .date, .uuid, .json, .bytes, .timestampAsText, .dateAsText,
      .timestampAsUnixSeconds, .timestampAsUnixMilliseconds, .uuidAsText,
    ]
    if let kind = plain.first(where: { $0.recordName == name }) {
      self = kind
      return
    }
    let kind = (0...Decimal.digitsMax).lazy.flatMap { [ColumnKind.decimal(scale: $0), .decimalAsReal(scale: $0)] }.first {
      $0.recordName == name
    }
    if let kind {
      self = kind
      return
    }
    let texts = name.hasPrefix("boolean as ") ? name.dropFirst(11).split(separator: "/", omittingEmptySubsequences: false) : []
    guard texts.count == 2 else { return nil }
    self = .booleanAsTexts(yes: String(texts[0]), no: String(texts[1]))
  }
}
