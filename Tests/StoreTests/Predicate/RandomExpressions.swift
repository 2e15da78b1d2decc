import TestSupport

/// Makes random typed expressions over the resources of `RandomWorld`.
struct RandomExpressions {
  var random: SplitMix64
  /// Names at hand: the record and macros' variables over rows, with their resource.
  private var rows: [(name: String, resource: String)]
  private let rowsMax: Int
  /// Macros' variables over lists.
  private var elements: [(name: String, sort: Sort)] = []
  private var names = 0

  /// - Parameter names: of the rows of `things` that are asked about.
  init(seed: UInt64, names: [String] = ["record"]) {
    random = SplitMix64(seed: seed)
    rows = names.map { ($0, "things") }
    rowsMax = names.count + 1
  }

  mutating func condition(depth: Int) -> Term {
    if depth <= 0 { return simpleCondition() }
    switch random.below(100) {
    case 0..<14: return two(.boolean, " && ", .boolean, .boolean, depth)
    case 14..<28: return two(.boolean, " || ", .boolean, .boolean, depth)
    case 28..<38: return Term(.boolean, ["!(", ")"], [condition(depth: depth - 1)])
    case 38..<44: return choice(.boolean, depth)
    case 44..<52: return macro(depth)
    case 52..<60: return membership(depth)
    case 60..<66: return textCondition(depth)
    case 66..<70: return two(.boolean, random.chance(50) ? " == " : " != ", .boolean, .boolean, depth)
    case 70..<74: return money()
    default: return comparison(depth)
    }
  }

  private mutating func two(_ sort: Sort, _ operation: String, _ a: Sort, _ b: Sort, _ depth: Int) -> Term {
    Term(sort, ["(", operation, ")"], [value(a, depth: depth - 1), value(b, depth: depth - 1)])
  }

  private mutating func choice(_ sort: Sort, _ depth: Int) -> Term {
    Term(
      sort, ["(", " ? ", " : ", ")"],
      [condition(depth: depth - 1), value(sort, depth: depth - 1), value(sort, depth: depth - 1)])
  }

  private mutating func simpleCondition() -> Term {
    switch random.below(10) {
    case 0: return Term(.boolean, random.pick(["true", "false"]))
    case 1:
      return Term(
        .boolean,
        random.pick(["caller.authenticated", "caller.has_role(\"admin\")", "caller.has_role(\"staff\")", "caller.vip"]))
    case 2..<5: return path(.boolean) ?? Term(.boolean, "true")
    case 5..<7:
      let nullable = path(random.pick([.integer, .string, .boolean, .timestamp, .uuid, .decimal, .number, .date, .mail]))
      guard let nullable else { return Term(.boolean, "false") }
      if nullable.text.contains("."), random.chance(40), !nullable.text.contains("[") {
        return Term(.boolean, ["\(random.chance(50) ? "!" : "")has(", ")"], [nullable])
      }
      return Term(.boolean, ["(", random.chance(50) ? " == null)" : " != null)"], [nullable])
    default: return comparison(0)
    }
  }

  private mutating func comparison(_ depth: Int) -> Term {
    let sort = random.pick(Sort.allCases)
    let operations = ["==", "!=", "<", "<=", ">", ">="]
    let operation = sort == .boolean || sort == .grade ? random.pick(["==", "!="]) : random.pick(operations)
    if random.chance(8), sort != .duration {
      return Term(.boolean, ["(", random.chance(50) ? " == null)" : " != null)"], [value(sort, depth: depth - 1)])
    }
    return two(.boolean, " \(operation) ", sort, sort, depth)
  }

  private mutating func textCondition(_ depth: Int) -> Term {
    let function = random.pick(["startsWith", "endsWith", "contains"])
    let sort = random.pick([.string, .string, .mail] as [Sort])
    return Term(.boolean, ["", ".\(function)(", ")"], [value(sort, depth: depth - 1), value(sort, depth: depth - 1)])
  }

  private mutating func money() -> Term {
    let row = random.pick(rows.filter { $0.resource == "things" })
    let (a, b) = (random.pick(["cost", "fee"]), random.pick(["cost", "fee"]))
    let operation = random.pick(["==", "!=", "<", "<=", ">", ">="])
    if random.chance(20) { return Term(.boolean, "(\(row.name).\(a) \(random.pick(["==", "!="])) null)") }
    return Term(.boolean, "(\(row.name).\(a) \(operation) \(row.name).\(b))")
  }

  private mutating func membership(_ depth: Int) -> Term {
    switch random.below(6) {
    case 0..<3:
      let sort = random.pick([.integer, .string, .grade, .uuid, .timestamp, .decimal, .mail, .mail] as [Sort])
      let count = random.below(4)
      var parts = [value(sort, depth: depth - 1)]
      var pieces = ["(", " in ["]
      for place in 0..<count {
        parts.append(sort == .grade || random.chance(70) ? literal(sort) : value(sort, depth: depth - 1))
        pieces.append(place + 1 < count ? ", " : "])")
      }
      if count == 0 { pieces[1] = " in [])" }
      return Term(.boolean, pieces, parts)
    case 3:
      let row = random.pick(rows.filter { $0.resource == "things" })
      if random.chance(30) { return Term(.boolean, ["(", " in \(row.name).mails)"], [value(.mail, depth: depth - 1)]) }
      if random.chance(50) { return Term(.boolean, ["(", " in \(row.name).tags)"], [value(.string, depth: depth - 1)]) }
      return Term(.boolean, ["(", " in \(row.name).sizes)"], [value(.integer, depth: depth - 1)])
    case 4:
      if random.chance(30) { return Term(.boolean, ["(", " in caller.mails)"], [value(.mail, depth: depth - 1)]) }
      if random.chance(50) { return Term(.boolean, ["(", " in caller.roles)"], [value(.string, depth: depth - 1)]) }
      return Term(.boolean, ["(", " in caller.groups)"], [value(.integer, depth: depth - 1)])
    default:
      return Term(.boolean, ["(", " in \(collection().text))"], [value(.uuid, depth: depth - 1)])
    }
  }

  /// A collection and the resource of its rows.
  private mutating func collection() -> (text: String, resource: String) {
    let row = random.pick(rows)
    switch row.resource {
    case "things":
      if random.chance(25) { return ("\(row.name).customer.things", "things") }
      return ("\(row.name).parts", "parts")
    case "parts": return random.chance(50) ? ("\(row.name).supplier.things", "things") : ("\(row.name).thing.parts", "parts")
    default: return ("\(row.name).things", "things")
    }
  }

  private mutating func macro(_ depth: Int) -> Term {
    let macro = random.pick(["all", "exists", "exists_one"])
    names += 1
    let name = "v\(names)"
    if random.chance(35) {
      let things = random.pick(rows.filter { $0.resource == "things" }).name
      let (list, sort): (String, Sort) = random.pick([
        ("\(things).tags", .string), ("\(things).mails", .mail), ("caller.mails", .mail), ("\(things).sizes", .integer),
        ("caller.roles", .string), ("caller.groups", .integer),
      ])
      elements.append((name, sort))
      defer { elements.removeLast() }
      return Term(.boolean, ["\(list).\(macro)(\(name), ", ")"], [condition(depth: depth - 1)])
    }
    let (list, resource) = collection()
    if rows.count > rowsMax { return simpleCondition() }
    rows.append((name, resource))
    defer { rows.removeLast() }
    return Term(.boolean, ["\(list).\(macro)(\(name), ", ")"], [condition(depth: depth - 2)])
  }

  mutating func value(_ sort: Sort, depth: Int) -> Term {
    if sort == .boolean { return condition(depth: depth) }
    if depth <= 0 || random.chance(30) { return leaf(sort) }
    if random.chance(12) { return choice(sort, depth) }
    switch sort {
    case .integer:
      switch random.below(10) {
      case 0..<5: return two(.integer, " \(random.pick(["+", "-", "*", "/", "%"])) ", .integer, .integer, depth)
      case 5: return Term(.integer, ["-(", ")"], [value(.integer, depth: depth - 1)])
      case 6..<8: return Term(.integer, ["size(", ")"], [value(.string, depth: depth - 1)])
      case 8: return Term(.integer, "size(\(collection().text))")
      default:
        return Term(.integer, "size(\(random.pick(rows.filter { $0.resource == "things" }).name).\(random.pick(["tags", "sizes"])))")
      }
    case .string: return two(.string, " + ", .string, .string, depth)
    case .timestamp:
      if random.chance(20) { return Term(.timestamp, ["timestamp(", ")"], [value(.date, depth: depth - 1)]) }
      return two(.timestamp, random.chance(50) ? " + " : " - ", .timestamp, .duration, depth)
    case .date: return Term(.date, ["date(", ")"], [value(.timestamp, depth: depth - 1)])
    case .duration:
      if random.chance(60) { return two(.duration, " - ", .timestamp, .timestamp, depth) }
      return two(.duration, random.chance(50) ? " + " : " - ", .duration, .duration, depth)
    case .decimal:
      if random.chance(20) { return Term(.decimal, ["-(", ")"], [value(.decimal, depth: depth - 1)]) }
      return two(.decimal, " \(random.pick(["+", "-", "*"])) ", .decimal, .decimal, depth)
    case .number: return Term(.number, ["-(", ")"], [value(.number, depth: depth - 1)])
    default: return leaf(sort)
    }
  }

  private mutating func leaf(_ sort: Sort) -> Term {
    if random.chance(60), let path = path(sort) { return path }
    if random.chance(35), let known = known(sort) { return known }
    return literal(sort)
  }

  /// What does not stand on the row.
  private mutating func known(_ sort: Sort) -> Term? {
    switch sort {
    case .uuid: Term(sort, "caller.id")
    case .integer: Term(sort, random.pick(["caller.level", "(caller.level + 1)", "size(caller.roles)", "(caller.level / 0)"]))
    case .string: Term(sort, random.pick(["caller.nick", "request.method", "caller.subject"]))
    case .number: Term(sort, random.pick(["caller.rate", "(caller.rate * 2.5)"]))
    case .decimal: Term(sort, random.pick(["caller.price", "(caller.price + decimal(\"0.125\"))"]))
    case .timestamp: Term(sort, random.pick(["now", "request.time", "(now - duration(\"1h\"))"]))
    case .date: Term(sort, random.pick(["caller.born", "date(now)"]))
    case .duration: Term(sort, "(now - request.time)")
    case .boolean: Term(sort, "caller.vip")
    case .mail: Term(sort, "caller.mail")
    case .grade: nil
    }
  }

  mutating func literal(_ sort: Sort) -> Term {
    switch sort {
    case .boolean: Term(sort, random.pick(["true", "false"]))
    case .integer:
      Term(
        sort,
        random.pick([
          "0", "1", "-1", "2", "3", "7", "10", "-3", "100", "9223372036854775807", "-9223372036854775808", "4611686018427387904",
        ]))
    case .number: Term(sort, random.pick(["0.0", "1.5", "-2.25", "3.0", "1e308", "-1e308", "5e-324", "0.1"]))
    case .decimal:
      Term(
        sort, "decimal(\"" + random.pick(["0", "1.5", "1.50", "-2.25", "9.999", "9999999999.99", "-0.01", "123456789012345678"]) + "\")")
    case .string:
      Term(sort, random.pick(["\"\"", "\"a\"", "\"b\"", "\"ab\"", "\"A\"", "\"é\"", "\"e\\u0301\"", "\"😀\"", "\"%\"", "\"_\"", "'\\'\"'"]))
    case .mail: Term(sort, random.pick(["\"Ada@X.org\"", "\"ada@x.ORG\"", "\"bob@x.org\"", "\"BOB\"", "\"@X.org\""]))
    case .grade: Term(sort, random.pick(["\"low\"", "\"mid\"", "\"high\""]))
    case .timestamp:
      Term(
        sort,
        "timestamp(\""
          + random.pick([
            "1970-01-01T00:00:00Z", "2026-01-31T10:00:00.000001Z", "1969-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59.999999Z",
          ]) + "\")")
    case .date: Term(sort, "date(\"" + random.pick(["1970-01-01", "2026-01-31", "0001-01-01", "9999-12-31", "1969-12-31"]) + "\")")
    case .duration: Term(sort, "duration(\"" + random.pick(["0s", "1h", "-1us", "24h", "2562047h", "0.5s"]) + "\")")
    case .uuid: Term(sort, "\"" + random.pick(RandomWorld.someIDs) + "\"")
    }
  }

  /// A member of a row or a list's element.
  private mutating func path(_ sort: Sort) -> Term? {
    let fitting = elements.filter { $0.sort == sort }
    if !fitting.isEmpty, random.chance(50) { return Term(sort, random.pick(fitting).name) }
    let row = random.pick(rows)
    guard let member = member(of: row.resource, sort, depth: 2) else { return nil }
    return Term(sort, "\(row.name).\(member)")
  }

  private mutating func member(of resource: String, _ sort: Sort, depth: Int) -> String? {
    let refs = RandomWorld.refs[resource] ?? []
    if depth > 0, !refs.isEmpty, random.chance(30) {
      let ref = random.pick(refs)
      if let inner = member(of: ref.target, sort, depth: depth - 1) { return "\(ref.name).\(inner)" }
    }
    let members = RandomWorld.members[resource]?.filter { $0.sort == sort } ?? []
    return members.isEmpty ? nil : random.pick(members).name
  }
}
