import Base
import Contract
import JSON
import Store

/// The events that belong to a record as it is today, for one caller: what it may read of the record now decides what it may
/// read of its past.
struct RecordHistory {
  struct Event {
    let stored: StoredEvent
    /// The record as it became.
    let after: EventImage
    /// Covers what the events come to, where that is much.
    let lease: MemoryLease?
  }

  let engine: Engine
  let plan: ResourcePlan
  /// Places of the members that the caller sees in the record today.
  let places: [Int]
  /// The resource's names and the record's key.
  private let subject: [Value]
  private let reads: EventStatements
  /// When the record was made, where the engine alone says so. A record may have gone, and another come under its key: the
  /// events of the one before are not this one's, and say another time.
  let created: Timestamp?

  /// - Parameter deleted: a deleted record has its history too, for a caller who sees it by this.
  /// - Throws: 404 where the caller may not read the record as it is today, or there is none.
  init(
    _ key: [Value], deleted: DeletedSight?, plan: ResourcePlan, facts: Facts, engine: Engine, statements: inout Int
  ) async throws(Failure) {
    guard !plan.read.grant(facts).isNever else { throw engine.denied(facts, else: Failure.notFound(plan.resource.name)) }
    let grant = deleted.map { $0.condition.map { Grant.when($0) } ?? .always } ?? .never
    guard
      let stored = try await engine.storedRecord(
        key, grant: grant, among: deleted == nil ? .living : .all, plan: plan, facts: facts, statements: &statements),
      stored.isReadable, stored.isGranted || stored.record.deletion.isNull
    else { throw Failure.notFound(plan.resource.name).counting(statements) }
    self.engine = engine
    self.plan = plan
    places = try await engine.shownPlaces(stored.record, plan: plan, facts: facts, statements: &statements)
    let names = [plan.resource.name] + (plan.resource.was.map { [$0] } ?? [])
    subject = names.map { .string($0) } + [.string(KeyText.text(key))]
    reads = names.count == 1 ? engine.engineStatements.events : engine.engineStatements.eventsOfRenamed
    if plan.resource.storage.isManaged, case .timestamp(let time) = stored.record["created_at"] { created = time } else { created = nil }
  }

  /// At most `limit` of its events before a time (exclusive), newest first; fewer where its history begins.
  func newest(before end: Timestamp, limit: Int, statements: inout Int) async throws(Failure) -> [Event] {
    let found = try await read(reads.newest, from: created ?? .minimum, to: end, limit: limit, statements: &statements)
    var events: [Event] = []
    for stored in found.events {
      guard let event = own(stored, found.lease) else { break }
      events.append(event)
      if stored.before == nil { break }
    }
    return events
  }

  /// At most `limit` of its events from a time on, oldest first.
  func oldest(from start: Timestamp, limit: Int, statements: inout Int) async throws(Failure) -> [Event] {
    let found = try await read(
      reads.oldest, from: max(start, created ?? .minimum), to: .maximum, limit: limit, statements: &statements)
    return found.events.compactMap { own($0, found.lease) }
  }

  /// Whether a record of this key was deleted after a time: what was before then is not this one's. Where the record says
  /// when it was made, that tells it, and nothing is looked up.
  func wasDeleted(after time: Timestamp, statements: inout Int) async throws(Failure) -> Bool {
    guard created == nil else { return false }
    statements += 1
    do {
      return try await engine.store.read(reads.deletion.query(subject + [.timestamp(time)])).count > 0
    } catch {
      throw Failure(error, statements: statements)
    }
  }

  /// Nil for an event of a record that is gone: its deletion, and what says another time of its making.
  private func own(_ event: StoredEvent, _ lease: MemoryLease?) -> Event? {
    guard let image = event.after.map(EventImage.init), created == nil || image.createdAt == created else { return nil }
    return Event(stored: event, after: image, lease: lease)
  }

  /// The record whose deletion brought an event about, where the caller sees in this one that it referred to it: so it learns of no
  /// record that it could not know of.
  func shownCause(of event: StoredEvent, _ after: EventImage) -> String? {
    guard let cause = event.cause, let slash = cause.firstIndex(of: "/") else { return nil }
    let (name, id) = (cause[..<slash], cause[cause.index(after: slash)...])
    let before = event.before.map(EventImage.init)
    let isNamed = places.contains { place in
      let field = plan.table.fields[place]
      guard let target = field.reference?.resource, let resource = engine.plan(of: target)?.resource,
        name == resource.name || name == resource.was ?? ""
      else { return false }
      return [before, after].contains { image in
        guard let value = image?.value(of: field) else { return false }
        return (value.stringValue ?? String(decoding: value.rawText, as: UTF8.self)) == id
      }
    }
    return isNamed ? cause : nil
  }

  private func read(
    _ statement: ReadStatement, from start: Timestamp, to end: Timestamp, limit: Int, statements: inout Int
  ) async throws(Failure) -> (events: [StoredEvent], lease: MemoryLease?) {
    statements += 1
    var rows: Rows
    do {
      rows = try await engine.store.read(
        statement.query(subject + [.timestamp(start), .timestamp(end), .integer(Int64(limit))]))
    } catch {
      throw Failure(error, statements: statements)
    }
    let events = StoredEvent.events(rows)
    let bytes = events.reduce(0) { $0 + ($1.before?.count ?? 0) + ($1.after?.count ?? 0) }
    guard bytes <= Fetcher.bytesMax else { throw Fetcher.tooLong.counting(statements) }
    try engine.coverChange(of: &rows)
    return (events, rows.lease)
  }
}
