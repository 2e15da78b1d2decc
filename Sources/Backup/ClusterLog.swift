package import Base
import Crypto
import JSON

/// A folder of PostgreSQL's write-ahead log as it was received without a gap: files of one size, whose names say their place, each with a
/// proof (`NAME.json`) once it is whole; and the one that is being received (`NAME.partial`).
package struct ClusterLog: Sendable, Equatable {
  package var path: String
  package var name: String

  package init(path: String, name: String) {
    self.path = path
    self.name = name
  }

  private static let prefix = "wal-"
  private static let proofSuffix = ".json"
  package static let partialSuffix = ".partial"

  /// When a folder of that name was begun; nil where it is none of log.
  static func begun(_ name: String) -> Timestamp? { name.hasPrefix(prefix) ? TimelineID.begun(String(name.dropFirst(4))) : nil }

  /// Whether it is the name of a whole file.
  package static func isWhole(_ name: String) -> Bool { name.utf8.count == 24 && name.utf8.allSatisfy { $0.hexadecimalValue != nil } }

  /// The place in the log; the first eight digits are the history that the server was in.
  package static func place(_ name: String) -> String { String(name.dropFirst(8).prefix(16)) }

  fileprivate static func folderName(_ id: TimelineID, begun: Timestamp) -> String { prefix + id.folderName(begun: begun) }

  private func names() throws(BackupError) -> [String] {
    try inBackup { () throws(SystemError) in try SystemFolder.names(in: path) }
  }

  /// Whole files by their places, and the last one that is being received.
  private func contents() throws(BackupError) -> (whole: [String], proven: Set<String>, partial: String?) {
    let names = try names()
    let whole = names.filter(ClusterLog.isWhole).sorted { (ClusterLog.place($0), $0) < (ClusterLog.place($1), $1) }
    let proven = names.filter { $0.hasSuffix(ClusterLog.proofSuffix) }.map { String($0.dropLast(ClusterLog.proofSuffix.count)) }
    let partial = names.filter { $0.hasSuffix(ClusterLog.partialSuffix) }.map { String($0.dropLast(ClusterLog.partialSuffix.count)) }
    let last = partial.filter(ClusterLog.isWhole).max { ClusterLog.place($0) < ClusterLog.place($1) }
    return (whole, Set(proven), last)
  }

  /// The place of the newest file, whole or not; nil where nothing was received.
  package func end() throws(BackupError) -> String? {
    let (whole, _, partial) = try contents()
    return [whole.last, partial].compactMap { $0.map(ClusterLog.place) }.max()
  }

  /// Writes a proof of each file that has become whole.
  ///
  /// - Returns: how many.
  package func prove(now: Timestamp) throws(BackupError) -> Int {
    let (whole, proven, _) = try contents()
    let new = whole.filter { !proven.contains($0) }
    for name in new {
      let (bytes, digest) = try ClusterLog.digest(path + "/" + name)
      let proof = ProvenLine.encoded([
        "format": 1, "file": .string(name), "bytes": .integer(bytes), "sha256": .string(digest), "whole": .string(now.description),
      ])
      let target = path + "/" + name + ClusterLog.proofSuffix
      try inBackup { () throws(SystemError) in try DataFile.place([proof], at: target, suffix: BackupNames.draftSuffix) }
    }
    return new.count
  }

  private static let pieceBytes = 1 << 20

  private static func digest(_ path: String) throws(BackupError) -> (bytes: Int64, digest: String) {
    let file = try inBackup { () throws(SystemError) in try DataFile(path, .reading) }
    var hash = SHA256()
    var place: Int64 = 0
    while true {
      let piece = try inBackup { () throws(SystemError) in try file.read(pieceBytes, at: place) }
      if piece.isEmpty { return (place, hash.finish().bytes.hexadecimal) }
      hash.update(piece)
      place += Int64(piece.count)
    }
  }

  private struct Proof {
    var bytes: Int64
    var digest: String
    /// When it was seen to be whole: what it holds was committed before.
    var whole: Timestamp
  }

  private func proof(_ name: String) throws(BackupError) -> Proof {
    let file = path + "/" + name + ClusterLog.proofSuffix
    do throws(BackupError) {
      let value = try ProvenLine.value(try inBackup { () throws(SystemError) in try DataFile.contents(file, bytesMax: 65_536) })
      guard value["file"]?.stringValue == name, let bytes = value["bytes"]?.integerValue, let digest = value["sha256"]?.stringValue,
        let whole = value["whole"]?.stringValue.flatMap({ Timestamp($0) })
      else { throw BackupError(.damaged, "it speaks of another file") }
      return Proof(bytes: bytes, digest: digest, whole: whole)
    } catch {
      throw BackupError(error.code, "\(file) is damaged: \(error.message)")
    }
  }

  /// Looks at every byte of the log behind a copy: nothing is missing, and nothing has changed.
  ///
  /// - Parameters:
  ///   - until: what came later does not count; nil: all that there is counts.
  ///   - goesOn: asked before each file; false gives it up.
  /// - Throws: `.damaged` or `.missing`, naming the file.
  package func check(behind backup: ClusterBackup, until: Timestamp?, goesOn: () -> Bool = { true }) throws(BackupError) {
    let (whole, proven, partial) = try contents()
    let first = ClusterLog.place(backup.firstLog)
    let files = whole.filter { ClusterLog.place($0) >= first }
    let lastProven = files.lastIndex(where: proven.contains)
    // The copy has a part of the log itself.
    var last = ClusterLog.place(backup.lastLog)
    for (index, name) in files.enumerated() {
      guard goesOn() else { throw BackupError(.cancelled, "it was given up") }
      let place = ClusterLog.place(name)
      let size = try inBackup { () throws(SystemError) in try DataFile(path + "/" + name, .reading).size }
      try follow(place, behind: last, bytes: size)
      last = max(last, place)
      guard proven.contains(name) else {
        // Whoever received it was ended before it could be proven; the server looks at its own checksums.
        if let lastProven, index < lastProven { throw BackupError(.missing, "\(path)/\(name) has no proof any more") }
        continue
      }
      let proof = try proof(name)
      let (bytes, digest) = try ClusterLog.digest(path + "/" + name)
      guard bytes == proof.bytes, digest == proof.digest else {
        throw BackupError(
          .damaged,
          "\(path)/\(name) is damaged: its \(bytes) bytes are not those that were received. A moment before it can be "
            + "restored (--at)")
      }
      if let until, proof.whole > until { return }
    }
    guard let partial, ClusterLog.place(partial) > last else { return }
    let size = try inBackup { () throws(SystemError) in try DataFile(path + "/" + partial + ClusterLog.partialSuffix, .reading).size }
    try follow(ClusterLog.place(partial), behind: last, bytes: size)
  }

  private func follow(_ place: String, behind last: String, bytes: Int64) throws(BackupError) {
    guard place > last else { return }
    guard let next = ClusterLog.next(last, bytes: bytes) else {
      throw BackupError(.damaged, "\(path)/...\(place) is damaged: no file of a log has \(bytes) bytes")
    }
    guard place == next else {
      throw BackupError(
        .missing, "\(path) lacks the file ...\(next): what came after cannot be restored. A moment before it can (--at)")
    }
  }

  /// The place behind a place: 32 bits of the log's number, 32 of the file's in it.
  ///
  /// - Returns: nil where no log has files of that size.
  static func next(_ place: String, bytes: Int64) -> String? {
    guard (1 << 20...1 << 30).contains(bytes), bytes & (bytes - 1) == 0, let high = UInt64(place.prefix(8), radix: 16),
      let low = UInt64(place.suffix(8), radix: 16)
    else { return nil }
    let count = (UInt64(1) << 32) / UInt64(bytes)
    let (log, file) = low + 1 < count ? (high, low + 1) : (high + 1, 0)
    return [log, file].map { number in
      let text = String(number, radix: 16, uppercase: true)
      return String(repeating: "0", count: max(0, 8 - text.utf8.count)) + text
    }.joined()
  }

  /// Deletes files before a place, or (nil) all of it.
  ///
  /// - Returns: how many files of log.
  func remove(before first: String?) throws(BackupError) -> Int {
    var count = 0
    let names = try names()
    try inBackup { () throws(SystemError) in
      guard let first else {
        try SystemFolder.removeWithFiles(path)
        return count = names.count { ClusterLog.isWhole($0) }
      }
      // A file goes before its proof: a proof alone is nothing, a file without one may be a reason to refuse.
      for name in names where ClusterLog.isWhole(String(name.prefix(24))) && ClusterLog.place(name) < first {
        if ClusterLog.isWhole(name) { count += 1 }
        try SystemFolder.remove(path + "/" + name)
      }
    }
    return count
  }

  /// Removes a folder in which nothing was received.
  package func discard() throws(BackupError) {
    try inBackup { () throws(SystemError) in try SystemFolder.removeWithFiles(path) }
  }
}

extension BackupFolder {
  /// Folders of log, the oldest first.
  package func logs() throws(BackupError) -> [ClusterLog] {
    let names = try inBackup { () throws(SystemError) in try SystemFolder.names(in: path) }
    return names.filter { ClusterLog.begun($0) != nil }.map { ClusterLog(path: path + "/" + $0, name: $0) }
  }

  /// Makes a folder of log, and those above where they are missing. It is the last one of them, whatever the clock says.
  package func beginLog(at time: Timestamp) throws(BackupError) -> ClusterLog {
    try inBackup { () throws(SystemError) in try SystemFolder.create(path) }
    var begun = time
    if let last = try logs().last.flatMap({ ClusterLog.begun($0.name) }), last >= begun {
      begun = Timestamp(microseconds: last.microseconds &+ 1)
    }
    let name = ClusterLog.folderName(try .random(), begun: begun)
    let log = ClusterLog(path: path + "/" + name, name: name)
    try inBackup { () throws(SystemError) in
      try SystemFolder.create(log.path)
      try SystemFolder.synchronize(path)
    }
    return log
  }
}
