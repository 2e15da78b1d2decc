import Backup
import Base
import Store

extension Shipper {
  /// Figures for `/metrics`.
  func gauges() -> [StoreGauge] {
    let waiting = capture.waiting
    return StoreGauge.backup(
      isFailing: trouble != nil, waitingBytes: Double(waiting.bytes), waitingSeconds: Double(waiting.nanoseconds) / 1e9, lastBase: lastBase)
  }
}
