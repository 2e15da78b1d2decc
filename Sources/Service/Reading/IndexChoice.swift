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

  /// The parts of an index that would serve the list, as the contract writes them; each field stands once.
  static func missing(equal: [String], order: [Term]) -> [String] {
    var fields: [String] = []
    var parts: [String] = []
    // A field that is sorted by stands where the sort has it, whatever it has to equal.
    for field in equal where field != "id" && !order.contains(where: { $0.field == field }) && !fields.contains(field) {
      fields.append(field)
      parts.append(field)
    }
    for term in order where !fields.contains(term.field) {
      fields.append(term.field)
      parts.append((term.isDescending ? "-" : "") + term.field)
    }
    return parts
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
