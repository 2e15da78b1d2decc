/// The targets of `Package.swift` in their order, each with what it says it depends on.
struct PackageManifest {
  struct Target: Equatable {
    let name: String
    let dependencies: [String]
    let isTest: Bool
  }

  let targets: [Target]

  /// Reads calls of `library`, `room`, `tests`, `.executableTarget`, `.target` and `.testTarget` from the list of targets.
  init(text: String) {
    let source = SwiftSource(path: "Package.swift", text: text)
    let begin = source.lines.firstIndex { $0.hasPrefix("let package = ") } ?? 0
    var found: [Target] = []
    var number = begin
    let makers = ["library(", "room(", "tests(", ".executableTarget(", ".target(", ".testTarget("]
    while number < source.lines.count {
      let line = source.lines[number].drop { $0 == " " }
      // A product's `.library(name:` begins with a point and is no target.
      guard let maker = makers.first(where: { line.hasPrefix($0) }) else {
        number += 1
        continue
      }
      var depth = 0
      let first = number
      repeat {
        for byte in source.code[number] {
          if byte == UInt8(ascii: "(") { depth += 1 }
          if byte == UInt8(ascii: ")") { depth -= 1 }
        }
        number += 1
      } while depth > 0 && number < source.lines.count
      let call = source.strings.filter { (first + 1...number).contains($0.line) }.map(\.text)
      guard let name = call.first else { continue }
      let isTest = maker == "tests(" || maker == ".testTarget("
      let hasDependencies = maker == "room(" || isTest || source.lines[first..<number].contains { $0.contains("dependencies:") }
      found.append(
        Target(
          name: maker == "tests(" ? name + "Tests" : name,
          dependencies: (hasDependencies ? Array(call.dropFirst()) : []) + (maker == "tests(" ? [name, "TestSupport"] : []), isTest: isTest)
      )
    }
    targets = found
  }

  private func place(_ name: String) -> Int? { targets.firstIndex { $0.name == name } }

  /// Dependencies that point down or sideways to what comes later.
  func orderViolations() -> [Violation] {
    targets.enumerated().flatMap { place, target in
      target.dependencies.compactMap { name in
        guard let other = self.place(name), other >= place else { return nil }
        return Violation(path: "Package.swift", line: 1, message: "\(target.name) depends on \(name), which stands below it")
      }
    }
  }

  /// Imports of our own targets that stand below the file's target, or that it does not declare.
  func importViolations(_ source: SwiftSource) -> [Violation] {
    guard let own = place(source.target) else {
      return [Violation(path: source.path, line: 1, message: "\(source.target) is no target of Package.swift")]
    }
    return Rule.imports(source).compactMap { line, module in
      guard let other = place(module) else { return nil }
      if other >= own {
        return Violation(path: source.path, line: line, message: "\(source.target) must not import \(module), which stands below it")
      }
      guard !targets[own].dependencies.contains(module) else { return nil }
      return Violation(path: source.path, line: line, message: "\(source.target) does not declare that it imports \(module)")
    }
  }
}
