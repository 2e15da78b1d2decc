import Base
import Contract
import JSON
import Store

extension Engine {
  /// `GET /v1/RESOURCE` as a stream: every record that the caller may export and read, in the order of their keys. The first page is
  /// read at once, so that what is wrong with the request is told before anything is sent.
  ///
  /// - Parameter operation: a list; it takes `filter`, `fields`, `search`, `deleted` and `FIELD=VALUE`.
  package func export(_ operation: Operation, as form: TransferForm) async throws(Failure) -> any RecordPages {
    try await export(operation, as: form, sizes: ExportSizes())
  }

  func export(_ operation: Operation, as form: TransferForm, sizes: ExportSizes) async throws(Failure) -> any RecordPages {
    guard let plan = plan(of: operation.resource), case .list(let parameters) = operation.action else {
      throw Failure(.notFound, "There is no resource \(operation.resource)")
    }
    let facts = Facts(caller: operation.caller, context: operation.context)
    let grant = plan.export.grant(facts)
    guard !grant.isNever, !plan.read.grant(facts).isNever else {
      throw denied(facts, else: Failure(.forbidden, "You may not export \(plan.resource.name)"))
    }
    try RecordExport.refuse(parameters)
    let visibility = plan.visibility(facts)
    let members = visibility.places.filter(visibility.shows).map { plan.table.fields[$0].name }
    var request = try ListRequest(
      parameters, isLenient: operation.isLenient, plan: plan, contract: contract, members: members
    ) { self.visibleMembers(of: $0, facts) }
    request.keyDescending = false
    let deleted = try deletedSight(parameters.deleted, plan: plan, facts: facts)
    let make = { (mayDrive: Bool) throws(Failure) -> ListPlan in
      var list = try self.plannedList(
        request, filter: parameters.filter, deleted: deleted, plan: plan, facts: facts, mayDrive: mayDrive)
      if let condition = grant.condition {
        let made = try self.predicate(condition, on: plan.table)
        list.specification.filters.append(made.predicate)
        list.filterValues.append(contentsOf: made.values)
        list.extra.append(condition.key)
      }
      return list
    }
    // Words find so many at most.
    let list = try make(request.search == nil)
    var export = RecordExport(
      engine: self, list: list, whole: list.specification.drive == nil ? nil : try make(false), form: form,
      sizes: sizes)
    try await export.begin()
    return export
  }
}

/// How much an export reads at once.
struct ExportSizes: Sendable {
  /// Bytes that a page is meant to have.
  var pageBytes = 128 << 10
  /// Rows of the first page.
  var rowsFirst = 128
  /// Rows of a page, where they are not longer than one is meant to be.
  var rowsMin = 16
  var rowsMax = 1024
  /// Rows in a range of keys, where a filter or a rule leaves some of them out.
  var rangeRows = 2_048
}

/// An export under way: a walk along the keys, upwards, page by page.
///
/// Each page is one statement over a range of keys that begins behind the last row of the page before. So every record that is there
/// all the time comes once: a key does not change, and no range is left before all of it was looked at.
struct RecordExport: RecordPages {
  /// How long a page that the process or the database has no room for is tried again.
  static let pauseMax: Duration = .seconds(20)
  /// A limit that keeps a planner from looking for the rows in another way, and that no range reaches.
  private static let fence = 1 << 30

  private let engine: Engine
  private var list: ListPlan
  /// The same without what leads to the caller's rows by an index, where that finds more of them than are sorted for each page.
  private var whole: ListPlan?
  private let columns: CSVColumns?
  private let sizes: ExportSizes
  private var rows: Int
  private var place: [Value] = []
  /// Where the range ends; nil: with the last row.
  private var bound: [Value]?
  private var hasRange = false
  private var isDone = false
  private var first: AnswerPiece?

  init(engine: Engine, list: ListPlan, whole: ListPlan?, form: TransferForm, sizes: ExportSizes) {
    self.sizes = sizes
    rows = sizes.rowsFirst
    self.engine = engine
    self.list = list
    self.whole = whole
    self.list.specification.budget = RecordExport.fence
    self.whole?.specification.budget = RecordExport.fence
    let members = list.node.projection.members.map { list.node.plan.table.fields[$0.place] }
    columns = form == .csv ? CSVColumns(members) : nil
  }

  /// An export has no pages, one order and no relations.
  static func refuse(_ parameters: ListParameters) throws(Failure) {
    let taken: [(String, String?)] = [
      ("limit", parameters.limit), ("after", parameters.after), ("before", parameters.before), ("sort", parameters.sort),
      ("include", parameters.include), ("count", parameters.count),
    ]
    guard let name = taken.first(where: { $0.1 != nil })?.0 else { return }
    throw Failure.unknownParameter(name, known: [], "an export takes filter, fields, search, deleted and FIELD=VALUE")
  }

  /// Reads the first page.
  mutating func begin() async throws(Failure) {
    var text = AnswerText(engine.memory)
    columns?.appendHeader(to: &text.bytes)
    first = try await page(&text)
  }

  mutating func next() async throws(Failure) -> AnswerPiece? {
    if let first {
      self.first = nil
      return first
    }
    let started = engine.clock.monotonicNanoseconds
    var pause = Backoff(firstMilliseconds: 20, lastMilliseconds: 1000)
    while !isDone {
      do throws(Failure) {
        var text = AnswerText(engine.memory)
        if let piece = try await page(&text) { return piece }
      } catch {
        // Where others hold everything for now, what has begun goes on later.
        let isLate = .nanoseconds(Int64(clamping: engine.clock.monotonicNanoseconds &- started)) >= RecordExport.pauseMax
        guard error.code == .overloaded, !isLate, await engine.clock.sleep(for: .milliseconds(pause.next(engine.random))) else {
          throw error
        }
      }
    }
    return nil
  }

  // MARK: Pages

  /// Appends the next rows; nil where there are no more and nothing else stands in the text. What fails has not moved.
  private mutating func page(_ text: inout AnswerText) async throws(Failure) -> AnswerPiece? {
    while true {
      // What can fail comes before anything is moved.
      try await leaveDrive()
      try await findRange()
      let found = try await read()
      try append(Fetched(node: list.node, rows: found), to: &text)
      advance(behind: found)
      if !text.bytes.isEmpty || isDone { break }
    }
    if text.bytes.isEmpty { return nil }
    let (bytes, lease) = text.taken()
    return AnswerPiece(bytes, lease: lease)
  }

  private mutating func read() async throws(Failure) -> Rows {
    while true {
      guard !Task.isCancelled else { throw Failure(.unavailable, "The client has left") }
      list.specification.limit = rows
      list.specification.seek = place.isEmpty ? nil : place.map { _ in false }
      list.specification.isBounded = bound != nil
      list.seekValues = place + (bound ?? [])
      var fetcher = Fetcher(engine: engine)
      do throws(Failure) {
        return try await fetcher.read(engine.pageStatement(list).query(list.slots))
      } catch {
        // Long records: fewer at once.
        guard error.code == .tooCostly, rows > 1 else { throw error }
        rows = max(1, rows / 4)
      }
    }
  }

  /// Where rows may be left out, a statement looks at a range of so many: its end is found before it is read, so that nothing
  /// that comes or goes meanwhile moves it.
  private mutating func findRange() async throws(Failure) {
    guard list.specification.isScan, list.specification.drive == nil, !hasRange else { return }
    var start = list
    start.specification.seek = place.isEmpty ? nil : place.map { _ in false }
    start.specification.isBounded = false
    start.seekValues = place
    var fetcher = Fetcher(engine: engine)
    let statement = engine.statement(
      start.node, kind: .edge(start.key, rows: sizes.rangeRows), order: start.order, extra: start.extra
    ) {
      start.node.plan.reads.edge(start.specification, rows: sizes.rangeRows)
    }
    let edge = try await fetcher.read(statement.query(start.equalValues + start.seekValues))
    bound = edge.count == 0 ? nil : edge.captured
    hasRange = true
  }

  private mutating func advance(behind found: Rows) {
    let stride = list.node.captures.stride
    if found.count >= rows {
      place = Array(Array(found.captured.suffix(stride))[list.node.captures.order])
    } else if let bound {
      place = bound
      self.bound = nil
      hasRange = false
    } else {
      isDone = true
    }
    guard found.count > 0 else { return }
    // As many rows for the next page as have its bytes: a power of two, so that few statements do for all.
    let wanted = sizes.pageBytes * found.count / max(1, found.json.count)
    var fitting = wanted < sizes.rowsMin ? 1 : sizes.rowsMin
    while fitting * 2 <= min(wanted, sizes.rowsMax) { fitting *= 2 }
    rows = fitting
  }

  /// Where an index leads to the caller's rows they are sorted for each page. That is left where there are too many of them: then
  /// every key is passed, and the rule is asked of each.
  private mutating func leaveDrive() async throws(Failure) {
    guard let whole, !isDone else { return }
    list.specification.seek = place.isEmpty ? nil : place.map { _ in false }
    list.seekValues = place
    var fetcher = Fetcher(engine: engine)
    let limit = list.node.plan.resource.scanMax
    guard try await engine.counted(list, limit: limit, scanned: true, fetcher: &fetcher) >= Int64(limit) else { return }
    list = whole
    self.whole = nil
  }

  private func append(_ fetched: Fetched, to text: inout AnswerText) throws(Failure) {
    try text.reserve(text.bytes.count + fetched.rows.json.count + fetched.rows.count * 2)
    for row in 0..<fetched.rows.count {
      guard let columns else {
        try fetched.append(row, to: &text, origin: engine.prefix)
        text.bytes.append(UInt8(ascii: "\n"))
        continue
      }
      try text.settle()
      var record: [UInt8] = []
      if fetched.rows.ends.isEmpty {
        record.append(UInt8(ascii: "{"))
      } else {
        record.append(fetched.rows.json, in: (row == 0 ? 0 : fetched.rows.ends[row - 1])..<fetched.rows.ends[row])
      }
      record.append(UInt8(ascii: "}"))
      do {
        columns.append(try JSONDocument.parse(record).root, to: &text.bytes)
      } catch {
        var failure = Failure(.internal, "Something went wrong on our side; it is in the log under the request's id")
        failure.cause = "a row is no JSON: \(error.message)"
        throw failure
      }
    }
  }
}
