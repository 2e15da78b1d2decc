/// How many reads go out together on one connection.
///
/// A group costs one round trip, but one connection is one process of the server: it runs a group's reads one after the other.
/// So quick reads share a connection, and reads that take longer are spread over several, until a group takes about
/// `targetNanoseconds`.
struct GroupSize: Sendable {
  static let targetNanoseconds = 500_000
  /// What a group of one takes beyond its read: the way there and back.
  static let overheadNanoseconds = 50_000

  let readsMax: Int
  /// What one read took of late; 0 until one is known. Samples that are lower count at once and higher ones little by little,
  /// because a busy machine makes every group look slow, and more connections would make that worse.
  private(set) var nanosecondsEach = 0

  init(readsMax: Int) { self.readsMax = readsMax }

  mutating func note(reads: Int, nanoseconds: UInt64) {
    guard reads > 0 else { return }
    let sample = max(1, (Int(clamping: nanoseconds) - GroupSize.overheadNanoseconds) / reads)
    nanosecondsEach = nanosecondsEach == 0 ? sample : min(sample, nanosecondsEach + nanosecondsEach / 32 + 1)
  }

  /// Reads in the next group at most.
  var reads: Int { nanosecondsEach == 0 ? readsMax : max(1, min(readsMax, GroupSize.targetNanoseconds / nanosecondsEach)) }
}
