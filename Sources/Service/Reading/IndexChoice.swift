import Store

/// Which index serves a list: its leading parts equal to known values, then the order, then the id.
struct IndexChoice: Sendable, Equatable {
  /// Fields whose equality the index serves.
  var equal: [String]

  struct Term: Sendable, Equatable {
    var field: String
    var isDescending: Bool
  }

  /// - Parameters:
  ///   - equal: fields that the list wants equal to a value.
  ///   - order: its sort without the id at the end.
  ///   - keyDescending: the direction of the id at the end.
  /// - Returns: the choice that serves most equalities, or nil when no index has the order.
  static func best(equal: Set<String>, order: [Term], keyDescending: Bool, indexes: [IndexLayout]) -> IndexChoice? {
    // The primary key serves the order by id alone.
    var best: IndexChoice? = order.isEmpty ? IndexChoice(equal: equal.contains("id") ? ["id"] : []) : nil
    for index in indexes {
      let leading = index.parts.prefix { equal.contains($0.field) }.count
      // Fewer equalities than possible may be what leaves the order at the right place.
      for taken in stride(from: leading, through: 0, by: -1) {
        guard serves(Array(index.parts[taken...]), order: order, keyDescending: keyDescending) else { continue }
        if best == nil || taken > (best?.equal.count ?? 0) {
          best = IndexChoice(equal: index.parts[..<taken].map(\.field))
        }
        break
      }
    }
    return best
  }

  /// Whether what follows the equalities is the order, read forward or backward, with nothing left before the key. In an
  /// index the key takes the direction of the last part.
  private static func serves(_ parts: [IndexLayout.Part], order: [Term], keyDescending: Bool) -> Bool {
    guard parts.count == order.count else { return false }
    guard let last = parts.last else { return true }
    let isBackward = keyDescending != last.isDescending
    return zip(parts, order).allSatisfy { part, term in
      part.field == term.field && (part.isDescending != isBackward) == term.isDescending
    }
  }
}
