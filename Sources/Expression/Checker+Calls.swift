import Base

extension Checker {
  mutating func call(
    target: Syntax?, name: String, arguments: [Syntax], at offset: Int
  ) throws(ExpressionError) -> ExpressionNode {
    if let target {
      if case .name("caller") = target.kind, environment.hasCaller, name == "has_role" {
        return try hasRole(arguments, at: offset)
      }
      if let macro = ExpressionNode.Macro(rawValue: name) {
        return try self.macro(macro, over: target, arguments, at: offset)
      }
      return try method(name, of: target, arguments, at: offset)
    }
    switch name {
    case "has": return try has(arguments, at: offset)
    case "size": return try size(try only(arguments, of: name, at: offset), at: offset)
    case "timestamp", "date", "duration", "decimal":
      let argument = try check(try only(arguments, of: name, at: offset))
      return try conversion(name, argument, at: offset)
    case "matches":
      guard arguments.count == 2 else { throw ExpressionError("\"matches\" takes two arguments", at: offset) }
      return try matches(try check(arguments[0]), arguments[1], at: offset)
    default:
      throw ExpressionError(
        "there is no function \"\(name.excerpt)\"", at: offset,
        suggestion: Suggestion.question(name, in: ["has", "size", "timestamp", "date", "duration", "decimal", "matches"]))
    }
  }

  private func only(_ arguments: [Syntax], of name: String, at offset: Int) throws(ExpressionError) -> Syntax {
    guard arguments.count == 1 else { throw ExpressionError("\"\(name.excerpt)\" takes one argument", at: offset) }
    return arguments[0]
  }

  private mutating func hasRole(_ arguments: [Syntax], at offset: Int) throws(ExpressionError) -> ExpressionNode {
    let role = try check(try only(arguments, of: "has_role", at: offset))
    guard role.type == .string || role.type == .dynamic else {
      throw ExpressionError("a role is a string, not \(role.type)", at: role.offset)
    }
    if case .literal(.string(let name)) = role.kind, let roles = environment.roles, !roles.contains(name) {
      throw ExpressionError(
        "the role \"\(name.excerpt)\" is not declared", at: role.offset,
        suggestion: Suggestion.question(name, in: roles) ?? "declare it under roles")
    }
    if !role.isKnown {
      // A role that stands in the record: the same question, asked of a list.
      let roles = ExpressionNode(.caller(.roles), .list(.string), at: offset)
      return ExpressionNode(.binary(.in, role, roles), .boolean, at: offset)
    }
    return ExpressionNode(.hasRole(role), .boolean, at: offset)
  }

  private mutating func has(_ arguments: [Syntax], at offset: Int) throws(ExpressionError) -> ExpressionNode {
    let argument = try only(arguments, of: "has", at: offset)
    let isMember: Bool =
      switch argument.kind {
      case .member: true
      case .name: environment.fieldsAtTop
      default: false
      }
    guard isMember else {
      throw ExpressionError("\"has\" asks for a member", at: argument.offset, suggestion: "write has(record.NAME)")
    }
    return ExpressionNode(.has(try check(argument)), .boolean, at: offset)
  }

  private mutating func size(_ syntax: Syntax, at offset: Int) throws(ExpressionError) -> ExpressionNode {
    let argument = try check(syntax)
    switch argument.type {
    case .string, .list, .dynamic: return ExpressionNode(.call(.size, [argument]), .integer, at: offset)
    default: throw ExpressionError("\(argument.type) has no size", at: argument.offset)
    }
  }

  private func conversion(
    _ name: String, _ argument: ExpressionNode, at offset: Int
  ) throws(ExpressionError) -> ExpressionNode {
    let (function, type, accepted): (ExpressionNode.Function, ExpressionType, [ExpressionType]) =
      switch name {
      case "timestamp": (.timestamp, .timestamp, [.string, .timestamp, .date, .integer])
      case "date": (.date, .date, [.string, .date, .timestamp])
      case "duration": (.duration, .duration, [.string, .duration])
      default: (.decimal, .decimal, [.string, .decimal, .integer])
      }
    if argument.type == type { return argument }
    if case .literal(.number(_)) = argument.kind, type == .decimal, let decimal = try adapted(argument, to: .decimal, enumeration: nil) {
      return decimal
    }
    guard argument.type == .dynamic || accepted.contains(argument.type) else {
      throw ExpressionError("\"\(name.excerpt)\" cannot be made of \(argument.type)", at: argument.offset)
    }
    // A literal becomes its value here, so that an error in it has a place.
    if case .literal(.string(_)) = argument.kind, let literal = try adapted(argument, to: type, enumeration: nil) {
      return literal
    }
    return ExpressionNode(.call(function, [argument]), type, at: offset)
  }

  /// `x.f(...)`
  private mutating func method(
    _ name: String, of target: Syntax, _ arguments: [Syntax], at offset: Int
  ) throws(ExpressionError) -> ExpressionNode {
    switch name {
    case "size":
      guard arguments.isEmpty else { throw ExpressionError("\"size\" takes no argument here", at: offset) }
      return try size(target, at: offset)
    case "startsWith", "endsWith", "contains":
      let text = try string(target, of: name)
      let part = try string(try only(arguments, of: name, at: offset), of: name)
      let function: ExpressionNode.Function = name == "contains" ? .contains : name == "endsWith" ? .endsWith : .startsWith
      // The scheme and host of a URL are at its start.
      let canonical = text.canonical == .url && function != .startsWith ? nil : text.canonical
      return ExpressionNode(.call(function, [text, canonical.map { spelled(part, $0) } ?? part]), .boolean, at: offset)
    case "matches":
      return try matches(try check(target), try only(arguments, of: name, at: offset), at: offset)
    case "has_role": throw ExpressionError("only \"caller\" has roles", at: offset)
    default:
      let names = ["size", "startsWith", "endsWith", "contains", "matches", "all", "exists", "exists_one"]
      throw ExpressionError(
        "there is no function \"\(name.excerpt)\"", at: offset, suggestion: Suggestion.question(name, in: names))
    }
  }

  private mutating func string(_ syntax: Syntax, of function: String) throws(ExpressionError) -> ExpressionNode {
    let node = try check(syntax)
    guard node.type == .string || node.type == .dynamic else {
      throw ExpressionError("\"\(function)\" needs a string, not \(node.type)", at: node.offset)
    }
    return node
  }

  /// The pattern must be a literal, so that it is compiled once and an error in it is found at once.
  private func matches(_ text: ExpressionNode, _ pattern: Syntax, at offset: Int) throws(ExpressionError) -> ExpressionNode {
    guard text.type == .string || text.type == .dynamic else {
      throw ExpressionError("\"matches\" needs a string, not \(text.type)", at: text.offset)
    }
    guard case .string(let expression) = pattern.kind else {
      throw ExpressionError("the pattern of \"matches\" is a string literal", at: pattern.offset)
    }
    guard let patterns = environment.patterns else {
      throw ExpressionError("\"matches\" cannot be used here", at: offset)
    }
    do {
      return ExpressionNode(.matches(text, try patterns.compile(expression)), .boolean, at: offset)
    } catch {
      throw ExpressionError("the pattern is not valid: \(error.message)", at: pattern.offset)
    }
  }

  /// `list.exists(x, condition)`
  private mutating func macro(
    _ macro: ExpressionNode.Macro, over target: Syntax, _ arguments: [Syntax], at offset: Int
  ) throws(ExpressionError) -> ExpressionNode {
    guard arguments.count == 2 else {
      throw ExpressionError("\"\(macro.rawValue)\" takes a variable and a condition", at: offset)
    }
    guard case .name(let variable) = arguments[0].kind else {
      throw ExpressionError("a variable's name is expected here", at: arguments[0].offset)
    }
    let range = try check(target)
    let element: ExpressionType
    switch range.type {
    case .list(let type): element = type
    case .dynamic: element = .dynamic
    default: throw ExpressionError("\"\(macro.rawValue)\" needs a list, not \(range.type)", at: range.offset)
    }
    let level = scope.count
    guard level < min(environment.limits.macroDepthMax, 32) else {
      throw ExpressionError("more than \(environment.limits.macroDepthMax) macros within each other", at: offset)
    }
    let node = ExpressionNode(
      .variable(level), element, isNullable: element.mayBeNull, canonical: range.canonical, at: arguments[0].offset)
    scope.append((variable, node))
    defer { scope.removeLast() }
    let predicate = try condition(arguments[1])
    return ExpressionNode(.macro(macro, over: range, level: level, predicate), .boolean, at: offset)
  }
}
