import Base
import Contract
import Identity

/// The kinds of callers that a contract's rules tell apart before they look at a record.
enum CallerKind: Equatable {
  case anonymous
  /// With a token, and no role.
  case authenticated
  case role(String)

  static func all(of contract: Contract) -> [CallerKind] { [.anonymous, .authenticated] + contract.roles.map { .role($0) } }

  /// After "a caller".
  var words: String {
    switch self {
    case .anonymous: "without a token"
    case .authenticated: "without a role"
    case .role(let role): "with the role \(role)"
    }
  }

  var hasRole: Bool { if case .role = self { true } else { false } }

  /// Such a caller, of whom everything is known that a rule may ask.
  func facts(_ contract: Contract) -> Facts {
    var caller = Caller()
    if self != .anonymous {
      caller.id = UUID(high: 0x7000, low: 0x8000_0000_0000_0001)
      caller.issuer = "issuer"
      caller.subject = "subject"
      if case .role(let role) = self { caller.roles = [role] }
      for claim in contract.identity.claims { caller.claims[claim.name] = claim.type.sample }
    }
    return Facts(caller: caller, context: CallerKind.context)
  }

  private static let context = RequestContext(
    requestID: "review", ip: "127.0.0.1", method: "GET", time: Timestamp(microseconds: 0))
}

extension FieldType {
  /// Any value of the type, for a claim.
  fileprivate var sample: Value {
    switch self {
    case .integer: .integer(1)
    case .number: .number(1)
    case .decimal(_, let scale, _, _): .decimal(Decimal(units: 1, scale: scale))
    case .boolean: .boolean(true)
    case .timestamp: .timestamp(Timestamp(microseconds: 0))
    case .date: .date(CalendarDate(days: 0))
    case .uuid: .uuid(UUID(high: 0x7000, low: 0x8000_0000_0000_0002))
    case .list: .list([])
    default: .string("sample")
    }
  }
}
