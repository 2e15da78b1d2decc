package import Backup
import Base
import Crypto
import Store

/// A database as it is at one moment, held for a copy of it, beside whoever else reads and writes it. Used by one thread at a time:
/// whoever makes it hands it over.
///
/// As long as it is held the write-ahead log cannot begin anew: it grows by what is committed meanwhile.
package final class DatabaseSnapshot: Sendable {
  private let connection: Connection
  package let path: String
  package let pageSize: Int

  /// Opens the file; nothing is held before `begin`. Changes nothing about the file; works in the process that serves it and beside
  /// it.
  package init(path: String) throws(BackupError) {
    self.path = path
    let options = SQLiteOptions()
    do throws(DriverError) {
      connection = try Connection(path: path, role: .inspector, options: options)
      pageSize = try connection.rows("PRAGMA page_size").first?.first.flatMap { $0 }.flatMap { Int($0) } ?? 0
    } catch {
      throw BackupError(.storage, "\(path) cannot be read: \(error.storeError.message)")
    }
    guard PageSize.isValid(pageSize) else { throw BackupError(.damaged, "\(path) has pages of \(pageSize) bytes") }
  }

  /// Begins to hold the moment of the call.
  package func begin() throws(BackupError) {
    do throws(DriverError) {
      try connection.execute("BEGIN")
      // The transaction begins with the first look.
      _ = try connection.rows("SELECT count(*) FROM sqlite_master")
    } catch {
      throw BackupError(.storage, "\(path) cannot be read: \(error.storeError.message)")
    }
  }

  deinit { close() }

  package func close() { connection.close() }

  /// Pages that are copied in one piece: about a millisecond's work.
  private static let stepBytes = 1 << 20
  /// After so many bytes the copy is written to the disk, so that no flood of it waits for the last moment, where commits would wait too.
  private static let synchronizedBytes = 16 << 20

  /// Copies it into a new file, which is on the disk at the end.
  ///
  /// - Parameter rest: called after each piece with the bytes that were copied up to there; false breaks it off.
  /// - Returns: bytes and SHA-256 of the file.
  package func copy(to target: String, rest: (_ bytes: Int) -> Bool) throws(BackupError) -> (bytes: Int64, digest: String) {
    // Made by us, so that no copy is ever written into what is there.
    let file = try inBackup { () throws(SystemError) in try DataFile(target, .creating) }
    do throws(BackupError) {
      try copyPages(to: target, file, rest)
      return try DatabaseSnapshot.digest(file, rest)
    } catch {
      try? SystemFolder.remove(target)
      throw error
    }
  }

  private func copyPages(to target: String, _ file: DataFile, _ rest: (Int) -> Bool) throws(BackupError) {
    let pages = Int32(clamping: max(1, DatabaseSnapshot.stepBytes / pageSize))
    var options = SQLiteOptions()
    options.cacheKibibytes = 2 * DatabaseSnapshot.stepBytes >> 10
    do throws(DriverError) {
      let destination = try Connection(path: target, role: .copy, options: options)
      defer { destination.close() }
      var copy = try PageCopy(from: connection, to: destination)
      var bytes = 0
      var synchronized = 0
      while try copy.step(pages: pages) > 0 {
        bytes += Int(pages) * pageSize
        if bytes - synchronized >= DatabaseSnapshot.synchronizedBytes {
          synchronized = bytes
          try? file.synchronize()
        }
        guard rest(bytes) else { throw DriverError.interrupted }
      }
      try copy.finish()
    } catch {
      if error.code == DriverError.interrupted.code { throw BackupError(.cancelled, "the backup was given up") }
      throw BackupError(.storage, "\(path) cannot be copied to \(target): \(error.storeError.message)")
    }
    try inBackup { () throws(SystemError) in try file.synchronize() }
  }

  /// Reads the copy as it is on the disk (or will be: the system's cache says what it was told).
  private static func digest(_ file: DataFile, _ rest: (Int) -> Bool) throws(BackupError) -> (bytes: Int64, digest: String) {
    var hash = SHA256()
    var place: Int64 = 0
    while true {
      let piece = try inBackup { () throws(SystemError) in try file.read(stepBytes, at: place) }
      if piece.isEmpty { return (place, hash.finish().bytes.hexadecimal) }
      hash.update(piece)
      place += Int64(piece.count)
      guard rest(Int(place)) else { throw BackupError(.cancelled, "the backup was given up") }
    }
  }

  /// How many rows each table has, by its name. It looks at all of them.
  package func rows() throws(BackupError) -> [String: Int64] {
    do throws(DriverError) {
      return try connection.rowCounts()
    } catch {
      throw BackupError(.storage, "\(path) cannot be read: \(error.storeError.message)")
    }
  }
}

extension Connection {
  /// Rows of each table that holds its own rows, by its name.
  func rowCounts() throws(DriverError) -> [String: Int64] {
    var counts: [String: Int64] = [:]
    let tables = try rows(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*' AND sql NOT LIKE 'CREATE VIRTUAL%'")
    for name in tables.compactMap({ $0.first.flatMap { $0 } }) {
      let quoted = name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
      counts[name] = try rows("SELECT count(*) FROM \"\(quoted)\"").first?.first.flatMap { $0 }.flatMap { Int64($0) }
    }
    return counts
  }
}
