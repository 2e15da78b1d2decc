import Backup
import Contract
import Telemetry

extension ShippingOptions {
  /// What a contract says of backups, and a log that tells of them.
  init(_ settings: BackupSettings, service: String, logger: Logger) {
    self.init(
      folder: settings.folder, service: service, every: settings.every, keep: settings.keep, interval: settings.ship,
      version: Version.current
    ) { event in
      switch event {
      case .copied(let timeline, let bytes, let nanoseconds):
        logger.notice(
          "backup copied",
          [
            LogField("backup", .identifier(timeline)), LogField("bytes", .integer(bytes)),
            LogField("milliseconds", .integer(Int64(clamping: nanoseconds / 1_000_000))),
          ])
      case .pruned(let files, let timelines):
        logger.notice(
          "backup pruned", [LogField("files", .integer(Int64(files))), LogField("backups", .integer(Int64(timelines)))])
      case .failing(let detail): logger.warning("backup behind", [LogField("detail", .cause(detail))])
      case .well: logger.notice("backup well again")
      case .broken(let detail): logger.warning("backup begun anew", [LogField("detail", .cause(detail))])
      }
    }
  }
}
