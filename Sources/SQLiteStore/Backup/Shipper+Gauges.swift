import Base
import Store

extension Shipper {
  /// Figures for `/metrics`.
  func gauges() -> [StoreGauge] {
    let waiting = capture.waiting
    return [
      StoreGauge(name: "backup_failing", help: "1 while the folder of backups is behind.", value: trouble == nil ? 0 : 1),
      StoreGauge(
        name: "backup_waiting_bytes", help: "Bytes of commits that are not in the folder of backups.", value: Double(waiting.bytes)),
      StoreGauge(
        name: "backup_waiting_seconds", help: "Since when the oldest of them waits.", value: Double(waiting.nanoseconds) / 1e9),
      StoreGauge(
        name: "backup_copy_timestamp_seconds", help: "The moment of the newest whole copy that this process made; 0 before.",
        value: lastBase.map { Double($0.microseconds) / 1e6 } ?? 0),
    ]
  }
}
