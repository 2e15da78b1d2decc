package import Base

/// A read: a statement, its values, and what becomes of its rows.
package struct Query: Sendable {
  package var statement: Statement
  package var values: [Value]
  package var encoding: RowEncoding
  /// The statement yields at most this many rows; one more is a defect.
  package var rowsMax: Int
  /// Set where it runs apart from all others.
  package var apart: Apart?
  /// Nil: the primary answers it.
  package var place: ReadPlace?

  /// How a statement runs that may take long, or whose text is not all ours: read-only whatever it says, and ended after its time. On
  /// PostgreSQL in a transaction of its own that is undone, so that a setting it changes does not outlive it.
  package struct Apart: Sendable {
    /// Nil: what the store gives any statement, which is the most.
    package var timeout: Duration?
    package init(timeout: Duration?) { self.timeout = timeout }
  }

  /// Whether many bytes are to be expected of it. One row says nothing about the next one.
  package var isLong: Bool { rowsMax > 1 && statement.isLong }

  /// Whether others would wait for it long, where they wait behind it.
  package var isExpectedToTakeLong: Bool { statement.isSlow || isLong || apart != nil }

  package init(_ statement: Statement, _ values: [Value], encoding: RowEncoding, rowsMax: Int) {
    self.statement = statement
    self.values = values
    self.encoding = encoding
    self.rowsMax = rowsMax
  }
}

/// How a row becomes JSON, straight from the driver's buffer, and which of its columns are handed over as values.
package final class RowEncoding: Sendable {
  package struct Field: Sendable {
    /// `"name":` as bytes, escaped.
    package let key: [UInt8]
    package let column: Int
    package let content: Content
    /// A boolean column (`ColumnKind.boolean`) that says whether this caller may see the field in this row; where it is
    /// false or null the member is left out. Nil: always visible.
    package let visibleWhen: Int?
    package init(key: [UInt8], column: Int, content: Content, visibleWhen: Int? = nil) {
      self.key = key
      self.column = column
      self.content = content
      self.visibleWhen = visibleWhen
    }
  }

  package enum Content: Sendable, Equatable {
    case scalar(ColumnKind)
    /// This column is the amount, the next the currency: `{"amount":1,"currency":"EUR"}`, or null.
    case money
    /// A composite key: `width` columns from here, each of its kind, joined with `,` in one string.
    case joined([ColumnKind])
  }

  package struct Capture: Sendable {
    package let column: Int
    package let kind: ColumnKind
    package init(column: Int, kind: ColumnKind) {
      self.column = column
      self.kind = kind
    }
  }

  /// Members of the row's object, in order. Empty: no JSON is written.
  package let fields: [Field]
  /// Values handed over, in order: keys for cursors, refs for includes, the revision.
  package let captures: [Capture]

  /// `fields` and `captures`, one by one, as plain numbers: what a loop over rows looks at.
  package let flatFields: [FlatField]
  package let flatCaptures: [FlatCapture]
  /// The keys of `flatFields`, one after the other.
  package let keys: [UInt8]

  package init(fields: [Field], captures: [Capture]) {
    self.fields = fields
    self.captures = captures
    var keys: [UInt8] = []
    flatFields = fields.map { field in
      let start = keys.count
      keys += field.key
      return FlatField(
        keyStart: start, keyEnd: keys.count, column: Int32(clamping: field.column),
        visibleWhen: field.visibleWhen.map { Int32(clamping: $0) }, form: Form(field.content))
    }
    flatCaptures = captures.map { FlatCapture(column: Int32(clamping: $0.column), form: Form(.scalar($0.kind))) }
    self.keys = keys
  }

  /// The forms that most columns have.
  package enum Form: UInt8, Sendable {
    case text, integer, uuid, timestamp, boolean, money
    /// Look at the field's content, or at the capture's kind.
    case other

    package init(_ content: Content) {
      switch content {
      case .scalar(.text): self = .text
      case .scalar(.integer): self = .integer
      case .scalar(.uuid): self = .uuid
      case .scalar(.timestamp): self = .timestamp
      case .scalar(.boolean): self = .boolean
      case .money: self = .money
      default: self = .other
      }
    }
  }

  /// A field as plain numbers: copying one counts no references.
  package struct FlatField: Sendable {
    /// Where its key lies in `keys`.
    package let keyStart: Int
    package let keyEnd: Int
    package let column: Int32
    /// As a field's.
    package let visibleWhen: Int32?
    package let form: Form
  }

  /// A capture as plain numbers.
  package struct FlatCapture: Sendable {
    package let column: Int32
    package let form: Form
  }
}

/// What a query yielded.
package struct Rows: Sendable {
  /// Bytes that one statement's rows may have, JSON and captured values together; with more the read throws `.tooLarge`.
  package static let bytesMax = 32 << 20

  /// The rows' objects one after the other, each `{"a":1,"b":2` **without** its closing brace, so that the service may
  /// append what it knows (included relations).
  package var json: [UInt8] = []
  /// Where each row ends in `json`.
  package var ends: [Int] = []
  /// `captures.count` values a row.
  package var captured: [Value] = []
  /// Rows, also where no JSON is written.
  package var count = 0
  /// Covers all of it, where it is large.
  package var lease: MemoryLease?

  package init() {}
}

extension Rows {
  /// The first `count` rows, in reverse if asked: that makes a copy.
  package func page(_ count: Int, capturesPerRow: Int, reversed: Bool) -> Rows {
    guard reversed else {
      guard count < self.count else { return self }
      var result = self
      result.count = count
      result.ends.removeLast(min(result.ends.count, self.count - count))
      result.captured.removeLast((self.count - count) * capturesPerRow)
      return result
    }
    var result = Rows()
    result.lease = lease
    result.json.reserveCapacity(json.count)
    for row in (0..<min(count, self.count)).reversed() {
      if !ends.isEmpty {
        result.json.append(contentsOf: json[(row == 0 ? 0 : ends[row - 1])..<ends[row]])
        result.ends.append(result.json.count)
      }
      result.captured.append(contentsOf: captured[row * capturesPerRow..<(row + 1) * capturesPerRow])
      result.count += 1
    }
    return result
  }
}
