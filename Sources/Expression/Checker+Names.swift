import Base

extension Checker {
  /// A name that stands alone.
  func named(_ name: String, at offset: Int) throws(ExpressionError) -> ExpressionNode {
    if let variable = scope.last(where: { $0.name == name }) { return variable.node.moved(to: offset) }
    if environment.fieldsAtTop, let resource = environment.record,
      let member = environment.schema.member(name, of: resource)
    {
      let record = ExpressionNode(.record, .record(resource), at: offset)
      return node(.member(record, name), member, at: offset)
    }
    if let member = environment.names[name] { return node(.name(name), member, at: offset) }
    switch name {
    case "record":
      if let resource = environment.record, !environment.fieldsAtTop {
        return ExpressionNode(.record, .record(resource), at: offset)
      }
    case "input":
      if let resource = environment.input { return ExpressionNode(.input, .record(resource), at: offset) }
    case "now" where environment.hasNow: return ExpressionNode(.now, .timestamp, at: offset)
    case "event" where environment.hasEvent: return ExpressionNode(.event, .dynamic, isNullable: true, at: offset)
    case "caller" where environment.hasCaller:
      throw ExpressionError("\"caller\" is no value", at: offset, suggestion: "write caller.id")
    case "request" where environment.hasRequest:
      throw ExpressionError("\"request\" is no value", at: offset, suggestion: "write request.ip")
    case "params" where environment.parameters != nil:
      throw ExpressionError("\"params\" is no value", at: offset, suggestion: "write params.NAME")
    default: break
    }
    throw unknown(name, at: offset)
  }

  private func unknown(_ name: String, at offset: Int) -> ExpressionError {
    if ["record", "input", "caller", "request", "params", "now", "event"].contains(name) {
      return ExpressionError("\"\(name.excerpt)\" is not available here", at: offset)
    }
    var candidates = scope.map(\.name) + environment.names.keys.sorted()
    if environment.fieldsAtTop, let resource = environment.record {
      candidates += environment.schema.memberNames(of: resource)
    } else if environment.record != nil {
      candidates.append("record")
    }
    if environment.input != nil { candidates.append("input") }
    if environment.hasCaller { candidates.append("caller") }
    if environment.hasRequest { candidates.append("request") }
    if environment.hasNow { candidates.append("now") }
    if environment.parameters != nil { candidates.append("params") }
    var suggestion = Suggestion.question(name, in: candidates)
    if suggestion == nil, !environment.fieldsAtTop, let resource = environment.record ?? environment.input,
      environment.schema.member(name, of: resource) != nil
    {
      suggestion = "did you mean \"\(environment.record != nil ? "record" : "input").\(name)\"?"
    }
    return ExpressionError("unknown name \"\(name.excerpt)\"", at: offset, suggestion: suggestion)
  }

  /// `base.name`
  mutating func member(_ base: Syntax, _ name: String, at offset: Int) throws(ExpressionError) -> ExpressionNode {
    if case .name(let root) = base.kind, !isShadowed(root) {
      switch root {
      case "caller" where environment.hasCaller: return try caller(name, at: offset)
      case "request" where environment.hasRequest:
        guard let member = ExpressionNode.RequestMember(rawValue: name) else {
          throw ExpressionError(
            "\"request\" has no \"\(name.excerpt)\"", at: offset,
            suggestion: Suggestion.question(name, in: ExpressionNode.RequestMember.allCases.map(\.rawValue)))
        }
        return ExpressionNode(.request(member), member == .time ? .timestamp : .string, at: offset)
      case "params":
        guard let parameters = environment.parameters else { break }
        guard let member = parameters[name] else {
          throw ExpressionError(
            "there is no parameter \"\(name.excerpt)\"", at: offset, suggestion: Suggestion.question(name, in: parameters.keys.sorted()))
        }
        return node(.parameter(name), member, at: offset)
      default: break
      }
    }
    return try member(of: try check(base), name, at: offset)
  }

  private func isShadowed(_ name: String) -> Bool {
    if scope.contains(where: { $0.name == name }) || environment.names[name] != nil { return true }
    guard environment.fieldsAtTop, let resource = environment.record else { return false }
    return environment.schema.member(name, of: resource) != nil
  }

  func member(of base: ExpressionNode, _ name: String, at offset: Int) throws(ExpressionError) -> ExpressionNode {
    switch base.type {
    case .record(let resource):
      guard let member = environment.schema.member(name, of: resource) else {
        throw ExpressionError(
          "\(resource) has no field \"\(name.excerpt)\"", at: offset,
          suggestion: Suggestion.question(name, in: environment.schema.memberNames(of: resource)))
      }
      return node(.member(base, name), member, isNullable: base.isNullable, at: offset)
    case .money:
      switch name {
      case "amount": return ExpressionNode(.member(base, name), .integer, isNullable: base.isNullable, at: offset)
      case "currency": return ExpressionNode(.member(base, name), .string, isNullable: base.isNullable, at: offset)
      default:
        throw ExpressionError("money has no \"\(name.excerpt)\"", at: offset, suggestion: "it has amount and currency")
      }
    case .dynamic: return ExpressionNode(.member(base, name), .dynamic, isNullable: true, at: offset)
    case .null: return ExpressionNode(.literal(.null), .null, isNullable: true, at: offset)
    case .list(.record(let resource)):
      throw ExpressionError(
        "a list of \(resource) has no \"\(name.excerpt)\"", at: offset, suggestion: "ask for one with .exists(x, x.\(name.excerpt) == ...)")
    default: throw ExpressionError("\(base.type) has no \"\(name.excerpt)\"", at: offset)
    }
  }

  private func caller(_ name: String, at offset: Int) throws(ExpressionError) -> ExpressionNode {
    switch name {
    case "id": return ExpressionNode(.caller(.id), .uuid, at: offset)
    case "subject": return ExpressionNode(.caller(.subject), .string, at: offset)
    case "issuer": return ExpressionNode(.caller(.issuer), .string, at: offset)
    case "roles": return ExpressionNode(.caller(.roles), .list(.string), at: offset)
    case "scopes": return ExpressionNode(.caller(.scopes), .list(.string), at: offset)
    case "tenant": return ExpressionNode(.caller(.tenant), environment.tenantType, isNullable: true, at: offset)
    case "authenticated": return ExpressionNode(.caller(.authenticated), .boolean, at: offset)
    case "has_role":
      throw ExpressionError("\"has_role\" is a function", at: offset, suggestion: "write caller.has_role(\"...\")")
    default:
      guard let claim = environment.claims[name] else {
        let names = ["id", "subject", "issuer", "roles", "scopes", "tenant", "authenticated"] + environment.claims.keys.sorted()
        throw ExpressionError(
          "\"caller\" has no \"\(name.excerpt)\"", at: offset,
          suggestion: Suggestion.question(name, in: names) ?? "declare it under identity.claims")
      }
      return node(.caller(.claim(name)), claim, isNullable: true, at: offset)
    }
  }

  private func node(
    _ kind: ExpressionNode.Kind, _ member: ExpressionMember, isNullable: Bool = false, at offset: Int
  ) -> ExpressionNode {
    ExpressionNode(
      kind, member.type, isNullable: isNullable || member.isNullable || member.type.mayBeNull,
      enumeration: member.enumeration, isCollection: member.isCollection, precision: member.precision,
      canonical: member.canonical, at: offset)
  }
}

extension ExpressionNode {
  /// The same node at another place.
  func moved(to offset: Int) -> ExpressionNode {
    ExpressionNode(
      kind, type, isNullable: isNullable, enumeration: enumeration, isCollection: isCollection, precision: precision,
      canonical: canonical, at: offset)
  }
}
