import Testing

/// The style of the whole checkout (CONTRIBUTING.md). Each rule is itself tested in `RuleTests`.
@Suite struct TreeTests {
  private func expectNone(_ violations: [Violation]) {
    for violation in violations { Issue.record("\(violation)") }
  }

  @Test func thereAreSources() {
    #expect(Tree.sources.count > 50)
    #expect(Tree.tests.count > 10)
    #expect(Tree.texts.count > Tree.sources.count + Tree.tests.count)
  }

  @Test func sourcesKeepTheRules() {
    let rules: [Rule] = [
      .fileLength, .functionLength, .sqlOutsideStores, .forceUnwrap, .safetyComment, .foundation, .publicAccess, .emptyNames,
      .ownedWords,
    ]
    for rule in rules { expectNone(Tree.sources.flatMap(rule.check)) }
  }

  @Test func noTwoTargetsHaveATypeOfOneName() { expectNone(Rule.repeatedTypeNames(Tree.sources)) }

  @Test func everyFileThatTheHouseIsShownByIsThere() {
    let named = Rule.namedFiles(Tree.text("ARCHITECTURE.md"))
    #expect(named.count > 30)
    let paths = Set(Tree.sources.map(\.path))
    for path in named where !paths.contains(path) && !paths.contains("Sources/" + path) {
      expectNone([Violation(path: "ARCHITECTURE.md", line: 1, message: "\(path) is not there")])
    }
  }

  @Test func testsKeepTheRules() {
    let rules: [Rule] = [.fileLength, .functionLength, .sleeping, .emptyNames, .ownedWords]
    for rule in rules { expectNone(Tree.tests.flatMap(rule.check)) }
    for (path, text) in Tree.texts where path.hasPrefix("Tests/") && path.hasSuffix(".py") {
      expectNone(Rule.sleepingPython(path: path, text: text))
    }
  }

  @Test func nothingIsUnfinishedAndNoMachineIsNamed() {
    for (path, text) in Tree.texts {
      expectNone(Rule.unfinished(path: path, text: text))
      expectNone(Rule.machinePaths(path: path, text: text))
    }
  }

  @Test func importsPointUpward() {
    let manifest = PackageManifest(text: Tree.text("Package.swift"))
    #expect(manifest.targets.count > 30)
    expectNone(manifest.orderViolations())
    for source in Tree.sources where source.target != "CShims" { expectNone(manifest.importViolations(source)) }
  }

  /// No failure: a list of files to think about.
  @Test func longFilesAreNamed() {
    for source in Tree.sources + Tree.tests where source.lines.count > Rule.fileLinesThink {
      print("long: \(source.path) has \(source.lines.count - 1) lines; past \(Rule.fileLinesThink) think of a cut")
    }
  }
}
