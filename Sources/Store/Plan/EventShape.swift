import Contract

/// What a resource's records are made of: their members and how each is written. Every event names the shape of its time by
/// its number, so that whoever reads old events knows what their members were.
package struct EventShape: Sendable, Equatable {
  /// A line `name=kind` for each member that events hold, in order.
  package let text: String
  /// A digest of the text, never negative: the same on every machine.
  package let number: Int64

  init(_ fields: [FieldLayout]) {
    text = fields.filter { !$0.isSecret }.map { "\($0.name)=\(EventShape.kind($0.content))" }.joined(separator: "\n")
    number = Int64(bitPattern: UInt64.digest(text) >> 1)
  }

  private static func kind(_ content: RowEncoding.Content) -> String {
    switch content {
    case .scalar(let kind): kind.recordName
    case .money: "money"
    case .joined: "key"
    }
  }
}

extension FieldLayout {
  /// Never leaves the store, and is in no event.
  package var isSecret: Bool { if case .secret = field?.type { true } else { false } }
}
