/// What whoever changes a schema may do.
package struct SchemaPermission: Sendable {
  /// Somebody asked for it: also what others notice.
  package var isAsked: Bool
  /// Also what loses data.
  package var allowsLoss: Bool

  /// A service that starts, or that takes another contract: what nobody notices. On SQLite the file is its own, so also what writes
  /// a table anew.
  package static let serving = SchemaPermission(isAsked: false, allowsLoss: false)

  /// `migrate apply`
  package static func applying(allowsLoss: Bool) -> SchemaPermission { SchemaPermission(isAsked: true, allowsLoss: allowsLoss) }

  /// Why a change is not made; nil for one that is.
  func refusal(_ change: SchemaChange, _ dialect: Dialect) -> String? {
    if let obstacle = change.obstacle { return obstacle }
    if change.safety == .losesData, !allowsLoss { return "it loses data" }
    guard !isAsked else { return nil }
    if let caution = change.caution { return caution }
    guard dialect == .postgres, change.safety > .safe else { return nil }
    return "it \(change.safety.text) the table while others use it"
  }
}
