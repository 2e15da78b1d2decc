package import Base
package import Expression

/// `queries:` A read model: over one resource, whose row rules apply, or by a statement of its own (`written`), to which none does.
package struct NamedQuery: Sendable {
  package struct Parameter: Sendable {
    package var name: String
    package var type: FieldType
    package var isRequired: Bool
    package var defaultValue: Value?
    package var description: String?
  }

  package enum Aggregate: String, Sendable, CaseIterable {
    case count, sum, avg, min, max
  }

  /// One member of its rows.
  package struct Column: Sendable {
    package var name: String
    /// Nil: the rows are grouped by it, or it is told of each record.
    package var aggregate: Aggregate?
    /// Nil for `count()`.
    package var expression: CheckedExpression?
  }

  package struct SortKey: Sendable {
    package var column: String
    package var isDescending: Bool
  }

  package var name: String
  package var description: String?
  package var parameters: [Parameter] = []
  /// The resource it reads; nil where it is written.
  package var from: String?
  /// Nil where it is made from a resource's records: then `condition`, `columns` and `isGrouped` say how.
  package var written: WrittenQuery?
  package var condition: CheckedExpression?
  /// Those it is grouped by first.
  package var columns: [Column] = []
  package var isGrouped = false
  package var sort: [SortKey] = []
  /// Rows of one page, at most.
  package var limit = 1_000
  /// Nil: what the store gives any statement.
  package var timeout: Duration?
  package var access = Access.nobody
  package var cacheLifetime: Duration?

  package init(name: String, from: String? = nil) {
    self.name = name
    self.from = from
  }

  /// What an answer's rows are sorted by says where the next page begins; without it there is one.
  package var hasPages: Bool { written == nil ? !isTotal : !sort.isEmpty }

  /// It is told of all records together, in one row.
  package var isTotal: Bool { !isGrouped && columns.allSatisfy { $0.aggregate != nil } }

  package func parameter(_ name: String) -> Parameter? { parameters.first { $0.name == name } }
}

extension NamedQuery.Column {
  /// The type of its values.
  package var type: ExpressionType {
    switch aggregate {
    case .count?: .integer
    case .avg?: .number
    case .sum?, .min?, .max?, nil: expression?.type ?? .integer
    }
  }

  /// Whether a row may have null there.
  package var isNullable: Bool {
    switch aggregate {
    case .count?: false
    // Of nothing but nulls; what is a sum's error is none here.
    case .sum?, .avg?, .min?, .max?, nil: true
    }
  }
}
