/// The outcome of each known term, two bits each: the key under which a compiled residual is kept.
package struct KnownOutcomes: Hashable, Sendable {
  enum Outcome: UInt64 {
    case `false` = 0
    case `true` = 1
    case failure = 2
    case null = 3
    /// Of a term that is no condition.
    static let value = Outcome.false
  }

  private var first: UInt64 = 0
  private var second: UInt64 = 0
  /// Further words, for rules of more than 64 known terms.
  private var rest: [UInt64] = []

  package init() {}

  subscript(_ place: Int) -> Outcome {
    get {
      let word =
        switch place >> 5 {
        case 0: first
        case 1: second
        case let index: index - 2 < rest.count ? rest[index - 2] : 0
        }
      return Outcome(rawValue: (word >> (UInt64(place & 31) * 2)) & 3) ?? .failure
    }
    set {
      let bits = newValue.rawValue << (UInt64(place & 31) * 2)
      let mask = ~(UInt64(3) << (UInt64(place & 31) * 2))
      switch place >> 5 {
      case 0: first = first & mask | bits
      case 1: second = second & mask | bits
      case let index:
        while rest.count <= index - 2 { rest.append(0) }
        rest[index - 2] = rest[index - 2] & mask | bits
      }
    }
  }
}
