import Backup
import Base
import JSON
import Martlet
import PostgresStore
import SQLiteStore

/// What `martlet backup` and `martlet restore` print.
struct BackupReport {
  private let isJSON: Bool

  init(_ invocation: Invocation) throws(CommandFailure) {
    let format = invocation["format"] ?? "text"
    guard format == "text" || format == "json" else { throw CommandFailure(.usage, "--format must be text or json") }
    isJSON = format == "json"
  }

  func made(_ timeline: Timeline, _ manifest: BaseManifest, seconds: String) {
    guard !isJSON else {
      return print([
        "backup": .string(timeline.name), "folder": .string(timeline.path), "time": .string(manifest.time.description),
        "bytes": .integer(manifest.bytes), "sha256": .string(manifest.digest), "rows": rows(manifest.rows),
      ])
    }
    Output.result("\(timeline.name)\n")
    Output.words(
      "The database as it was at \(manifest.time), \(size(manifest.bytes)) and \(manifest.rows.count) tables, is in \(timeline.path) "
        + "after \(seconds) s.")
  }

  func list(_ entries: [BackupEntry], _ clusters: [(name: String, backup: Result<ClusterBackup, BackupError>)], _ folder: BackupFolder) {
    guard !isJSON else { return print(.array(entries.map(object) + clusters.map(object))) }
    for (name, backup) in clusters {
      switch backup {
      case .success(let backup):
        Output.result(
          "\(name)  \(backup.ended)  \(size(backup.bytes))  \(backup.service)  PostgreSQL \(backup.server)"
            + (backup.log.map { "  and the log in \($0)" } ?? "") + "\n")
      case .failure(let error): Output.result("\(name)  \(error.message)\n")
      }
    }
    for entry in entries {
      var line = "\(entry.timeline.name)  "
      if let manifest = entry.manifest {
        line += "\(manifest.time)  \(size(manifest.bytes))  \(manifest.service)"
        if let until = entry.until { line += "  and the log up to \(until)" }
      }
      if let problem = entry.problem { line += "  \(problem)" }
      Output.result(line + "\n")
    }
    if entries.isEmpty, clusters.isEmpty { Output.words("\(folder.path) has no backup.") }
  }

  private func object(_ entry: BackupEntry) -> JSONValue {
    var object: JSONObject = ["backup": .string(entry.timeline.name)]
    if let manifest = entry.manifest {
      object.append("time", .string(manifest.time.description))
      object.append("bytes", .integer(manifest.bytes))
      object.append("service", .string(manifest.service))
    }
    object.append("until", entry.until.map { .string($0.description) } ?? .null)
    if let problem = entry.problem { object.append("problem", .string(problem)) }
    return .object(object)
  }

  private func object(_ name: String, _ backup: Result<ClusterBackup, BackupError>) -> JSONValue {
    switch backup {
    case .success(let backup):
      [
        "backup": .string(name), "time": .string(backup.ended.description), "service": .string(backup.service),
        "server": .integer(Int64(backup.server)), "bytes": .integer(backup.bytes), "log": backup.log.map { .string($0) } ?? .null,
      ]
    case .failure(let error): ["backup": .string(name), "problem": .string(error.message)]
    }
  }

  func made(_ backup: ClusterBackup) {
    guard !isJSON else { return print(object(backup.name, .success(backup))) }
    Output.result("\(backup.name)\n")
    let moments = backup.log.map { "any moment from \(backup.ended) on that the log in \($0) reaches" }
    Output.words("The cluster, \(size(backup.bytes)), can be restored to \(moments ?? "\(backup.ended): nobody receives its log").")
  }

  func verified(_ outcome: ServerBackup.Outcome) {
    let milliseconds = Int64(clamping: outcome.nanoseconds / 1_000_000)
    guard !isJSON else {
      return print([
        "backup": .string(outcome.restore.backup.name),
        "base_time": .string(outcome.restore.backup.ended.description), "recovery_point": .string(outcome.look.point.description),
        "recovery_milliseconds": .integer(milliseconds), "rows": rows(outcome.look.rows),
      ])
    }
    Output.words("Recovery point: \(outcome.look.point)")
    Output.words("Recovery time: \(milliseconds) ms")
    for (name, count) in outcome.look.rows.sorted(by: { $0.key < $1.key }) { Output.result("\(name)  \(count)\n") }
    Output.words("Every checksum is right, and a server has recovered it.")
  }

  func restored(_ restore: ClusterRestore, to path: String) {
    let until = restore.until.map { "to \($0)" } ?? "to the end of its log"
    Output.words("\(path) is a data folder that recovers \(until) when PostgreSQL \(restore.backup.server) is started on it:")
    Output.words("\(restore.tools.path("pg_ctl")) -D \(path) start")
  }

  func verified(_ outcome: DatabaseBackup.Outcome) {
    guard !isJSON else { return print(document(outcome)) }
    recovery(outcome)
    for (name, count) in outcome.report.rows.sorted(by: { $0.key < $1.key }) { Output.result("\(name)  \(count)\n") }
    complain(outcome)
    Output.words("Every checksum is right, and SQLite finds nothing wrong.")
  }

  func restored(_ outcome: DatabaseBackup.Outcome, to path: String) {
    if isJSON {
      print(document(outcome))
    } else {
      recovery(outcome)
      complain(outcome)
    }
    Output.words("\(path) is the database as it was then.")
    if let old = outcome.old { Output.words("The database that was there is \(old) now.") }
  }

  private func recovery(_ outcome: DatabaseBackup.Outcome) {
    let (plan, end) = (outcome.plan, outcome.report.end)
    Output.words("Backup \(plan.timeline.name), the whole copy of \(plan.manifest.time), \(size(plan.manifest.bytes))")
    Output.words("Recovery point: \(end.time) (\(end.commits) commits of the log, \(end.segments) segments)")
    if let until = plan.until { Output.words("Asked for: \(until)") }
    Output.words("Recovery time: \(seconds(outcome)) s")
  }

  private func complain(_ outcome: DatabaseBackup.Outcome) {
    for words in outcome.report.miscounted { Output.words("not as it was copied: \(words)") }
    for words in outcome.report.dangling { Output.words("was so when it was copied: \(words)") }
  }

  private func document(_ outcome: DatabaseBackup.Outcome) -> JSONValue {
    let (plan, end) = (outcome.plan, outcome.report.end)
    var object: JSONObject = [
      "backup": .string(plan.timeline.name), "base_time": .string(plan.manifest.time.description), "bytes": .integer(plan.manifest.bytes),
      "recovery_point": .string(end.time.description), "commits": .integer(Int64(end.commits)),
      "segments": .integer(Int64(end.segments)), "recovery_milliseconds": .integer(Int64(clamping: outcome.nanoseconds / 1_000_000)),
      "rows": rows(outcome.report.rows),
    ]
    object.append("miscounted", .array(outcome.report.miscounted.map { .string($0) }))
    object.append("dangling", .array(outcome.report.dangling.map { .string($0) }))
    if let old = outcome.old { object.append("old", .string(old)) }
    return .object(object)
  }

  private func rows(_ rows: [String: Int64]) -> JSONValue {
    var object = JSONObject()
    for (name, count) in rows.sorted(by: { $0.key < $1.key }) { object.append(name, .integer(count)) }
    return .object(object)
  }

  private func seconds(_ outcome: DatabaseBackup.Outcome) -> String {
    let milliseconds = outcome.nanoseconds / 1_000_000
    let rest = String(milliseconds % 1000)
    return "\(milliseconds / 1000).\(String(repeating: "0", count: 3 - rest.count))\(rest)"
  }

  private func size(_ bytes: Int64) -> String { bytes < 10 << 20 ? "\(bytes / 1024) KiB" : "\(bytes >> 20) MiB" }

  private func print(_ value: JSONValue) {
    var out: [UInt8] = []
    value.appendPretty(to: &out)
    Output.result(out + [0x0a])
  }
}
