import JSON
import Store

/// What `martlet migrate` prints.
struct MigrationReport: Sendable {
  let isJSON: Bool

  /// Steps that `status` shows.
  static let stepsShown = 50

  // MARK: plan

  func show(_ look: SchemaLook, _ dialect: Dialect) {
    let obstacles = look.obstacles(.applying(allowsLoss: true), dialect)
    guard !isJSON else { return print(document(look, dialect)) }
    for (place, change) in look.way.enumerated() { Output.result(text(change, "\(place + 1). ")) }
    for change in look.plan.removals { Output.result(text(change, "   ")) }
    for notice in look.plan.notices { Output.words("notice: \(notice)") }
    for obstacle in obstacles { Output.words("stops: \(obstacle.description): \(obstacle.reason)") }
    if look.isFitting(dialect) { Output.words("The database fits the contract.") }
    if !look.plan.removals.isEmpty { Output.words("What loses data is done by martlet migrate apply --allow-data-loss alone.") }
  }

  private func text(_ change: SchemaChange, _ mark: String) -> String {
    var text = "\(mark)[\(change.safety.text)] \(change.description)\n"
    if let caution = change.caution { text += "     -- \(caution)\n" }
    for statement in change.statements {
      text += "     " + statement.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\n     ") + ";\n"
    }
    return text
  }

  private func document(_ look: SchemaLook, _ dialect: Dialect) -> JSONValue {
    [
      "fits": .boolean(look.isFitting(dialect)),
      "steps": .array(look.way.map(object)), "removals": .array(look.plan.removals.map(object)),
      "obstacles": .array(
        look.obstacles(.applying(allowsLoss: true), dialect).map { ["step": .string($0.description), "reason": .string($0.reason)] }),
      "notices": .array(look.plan.notices.map { .string($0) }), "drifted": .array(look.drifted.map { .string($0) }),
    ]
  }

  private func object(_ change: SchemaChange) -> JSONValue {
    var object: JSONObject = ["class": .string(change.safety.text), "table": .string(change.table)]
    object.append("description", .string(change.description))
    if let caution = change.caution { object.append("caution", .string(caution)) }
    object.append("statements", .array(change.statements.map { .string($0) }))
    return .object(object)
  }

  // MARK: status

  func show(_ steps: [AppliedStep], _ look: SchemaLook, _ dialect: Dialect) {
    guard !isJSON else {
      return print(["applied": .array(steps.map(object)), "pending": document(look, dialect)])
    }
    for step in steps {
      let took = step.state == "done" ? "\((step.microseconds ?? 0) / 1000) ms" : (step.state == "begun" ? "broken off" : step.state)
      Output.result("\(step.migration)  \(step.startedAt)  \(step.actor)  \(took)  [\(step.safety)] \(step.name)\n")
    }
    let count = look.way.count
    Output.words(
      count == 0 ? "The database fits the contract." : "\(count) step\(count == 1 ? "" : "s") to take: martlet migrate plan shows them.")
    for obstacle in look.obstacles(.applying(allowsLoss: true), dialect) {
      Output.words("stops: \(obstacle.description): \(obstacle.reason)")
    }
    if !look.drifted.isEmpty {
      Output.words(
        "Not as Martlet left it, as somebody else changed it or a migration was broken off: " + look.drifted.joined(separator: ", "))
    }
    if !look.plan.removals.isEmpty {
      Output.words("Not in the contract any more, and kept: " + look.plan.removals.map(\.description).joined(separator: "; "))
    }
  }

  private func object(_ step: AppliedStep) -> JSONValue {
    var object: JSONObject = ["number": .integer(Int64(step.number)), "migration": .integer(Int64(step.migration))]
    for (name, text) in [
      ("kind", step.kind), ("name", step.name), ("class", step.safety), ("checksum", step.checksum), ("actor", step.actor),
      ("started_at", step.startedAt), ("state", step.state),
    ] { object.append(name, .string(text)) }
    if let microseconds = step.microseconds { object.append("microseconds", .integer(Int64(microseconds))) }
    return .object(object)
  }

  // MARK: apply

  func took(_ step: String) { Output.words("done: \(step)") }

  func end(_ done: [String], left: [SchemaChange]) {
    if isJSON { return print(["applied": .array(done.map { .string($0) }), "left": .array(left.map { .string($0.description) })]) }
    Output.words(done.isEmpty ? "The database fits the contract: nothing was done." : "The database fits the contract.")
    if !left.isEmpty {
      Output.words("Kept, as it would lose data without --allow-data-loss: " + left.map(\.description).joined(separator: "; "))
    }
  }

  func tookBack(_ done: [String], left: [String]) {
    if isJSON {
      return print(["taken_back": .array(done.map { .string($0) }), "left": .array(left.map { .string($0) })])
    }
    Output.words(done.isEmpty && left.isEmpty ? "There is no migration to take back." : "The last migration is taken back.")
    for name in left { Output.words("left as it is: \(name)") }
  }

  private func print(_ value: JSONValue) { Output.result(value.prettyBytes) }
}
