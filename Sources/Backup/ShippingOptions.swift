/// Where a store is backed up to, and how often.
package struct ShippingOptions: Sendable {
  package var folder: String
  /// The contract's `service.name`.
  package var service: String
  /// From one whole copy to the next.
  package var every: Duration
  /// How far back moments stay restorable.
  package var keep: Duration
  /// How soon a commit is in the folder. PostgreSQL's log comes as it is written, whatever this says.
  package var interval: Duration
  /// Of Martlet, for the manifests.
  package var version: String
  /// Bytes of commits that are kept where the folder does not take them.
  package var bytesMax = 32 << 20
  /// Told of what happens, on a thread of the store's.
  package var report: @Sendable (ShippingEvent) -> Void

  package init(
    folder: String, service: String, every: Duration, keep: Duration, interval: Duration, version: String,
    report: @escaping @Sendable (ShippingEvent) -> Void
  ) {
    self.folder = folder
    self.service = service
    self.every = every
    self.keep = keep
    self.interval = interval
    self.version = version
    self.report = report
  }
}

/// What whoever runs a service wants to know of its backup.
package enum ShippingEvent: Sendable {
  /// A whole copy is in the folder: its timeline, its bytes, and how long it took.
  case copied(timeline: String, bytes: Int64, nanoseconds: UInt64)
  /// Copies and segments that are kept no longer were deleted: so many files, and so many whole timelines.
  case pruned(files: Int, timelines: Int)
  /// The folder does not take what it should. Told once until it does.
  case failing(String)
  /// It does again.
  case well
  /// What was committed could not be kept until the folder took it: a new timeline begins. Between both nothing can be restored.
  case broken(String)
}
