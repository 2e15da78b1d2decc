import Testing

/// Every rule refuses what it is there for, and leaves alone what only looks like it.
@Suite struct RuleTests {
  private func source(_ text: String, path: String = "Sources/Service/Some.swift") -> SwiftSource {
    SwiftSource(path: path, text: text)
  }

  private func lines(_ rule: Rule, _ text: String, path: String = "Sources/Service/Some.swift") -> [Int] {
    rule.check(source(text, path: path)).map(\.line)
  }

  @Test(arguments: [
    "let a = b!", "f()!", "a[0]!.c", "try! f()", "x as! Int", "var a: Int!", "a?.b!.c", "\"\\(x!)\"", "f(\"a\")!", "x!  = 1",
  ])
  func forceUnwrapIsRefused(text: String) {
    #expect(lines(.forceUnwrap, text) == [1])
  }

  @Test(arguments: [
    "if a != b {}", "if !a {}", "a !== b", "// b!", "\"b!\"", "#if !os(Linux)", "f(!x, [!y])", "/* a! /* b! */ c! */", "a!=b",
    "#\"a!\"\\#(b)\"c!\"#", "\"\"\"\nhello!\n\"\"\"",
  ])
  func whatLooksLikeAForceUnwrapIsNot(text: String) {
    #expect(lines(.forceUnwrap, text) == [])
  }

  @Test func unsafeNeedsItsReason() {
    #expect(lines(.safetyComment, "let a = unsafe b") == [1])
    #expect(lines(.safetyComment, "final class A: @unchecked Sendable {}") == [1])
    #expect(lines(.safetyComment, "nonisolated(unsafe) var a = 1") == [1])
    #expect(lines(.safetyComment, "// Safety: guarded by the lock.\nfinal class A: @unchecked Sendable {}") == [])
    #expect(lines(.safetyComment, "let a = unsafe b  // Safety: checked above.") == [])
    #expect(lines(.safetyComment, "// unsafe\nlet a = \"unsafe\"; unsafely()") == [])
    let far = "// Safety: long ago.\n" + String(repeating: "\n", count: 40) + "unsafe f()"
    #expect(lines(.safetyComment, far) == [42])
  }

  @Test(arguments: [
    "SELECT id FROM a", "select id from a where b", "INSERT INTO a VALUES (1)", "UPDATE a SET b = 1", "DELETE FROM a",
    "  CREATE TABLE a (b)", "WITH x AS (SELECT 1)", "PRAGMA journal_mode", "ALTER TABLE a", "insert into a values(1)",
  ])
  func sqlIsRefusedOutsideTheStores(text: String) {
    #expect(lines(.sqlOutsideStores, "let a = \"\(text)\"") == [1])
    #expect(lines(.sqlOutsideStores, "let a = \"\(text)\"", path: "Sources/Store/SQL/Some.swift") == [])
    #expect(lines(.sqlOutsideStores, "// \(text)") == [])
  }

  @Test(arguments: ["select one of these", "update", "deleted from the list", "SELECTED", "created table", "DELETE", "cannot update a set"])
  func englishIsNotSQL(text: String) {
    #expect(lines(.sqlOutsideStores, "let a = \"\(text)\"") == [])
  }

  @Test func sleepIsRefusedInTests() {
    #expect(lines(.sleeping, "try await Task.sleep(for: .seconds(1))") == [1])
    #expect(lines(.sleeping, "usleep(10)\nsleep(1)") == [1, 2])
    #expect(lines(.sleeping, "// sleep\nlet asleep = \"sleep\"") == [])
    #expect(Rule.sleepingPython(path: "a.py", text: "import time\ntime.sleep(1)").map(\.line) == [2])
  }

  @Test func longFilesAreRefused() {
    #expect(lines(.fileLength, String(repeating: "\n", count: 800)) == [])
    #expect(lines(.fileLength, String(repeating: "\n", count: 801)) == [800])
  }

  @Test func longFunctionsAreRefused() {
    func body(_ lines: Int) -> String { String(repeating: "  f()\n", count: lines - 2) }
    #expect(lines(.functionLength, "func a() {\n\(body(70))}") == [])
    #expect(lines(.functionLength, "func a() {\n\(body(71))}") == [1])
    #expect(lines(.functionLength, "\ninit(\n  a: Int,\n  b: Int\n) throws(E)\nwhere T: U {\n\(body(67))}") == [2])
    #expect(lines(.functionLength, "var a: Int {\n\(body(71))}") == [1])
    #expect(lines(.functionLength, "struct A {\n\(body(100))}") == [])
    #expect(lines(.functionLength, "protocol A {\n  func a()\n  func b() -> Int\n}\nstruct B {\n\(body(100))}") == [])
    #expect(lines(.functionLength, "struct A {\n  var a = 1\n  let b = 2\n  func c() { \"}\" }\n\(body(100))}") == [])
    #expect(lines(.functionLength, "func a() {\n  // }\n  let b = \"}\\(c { 1 })}\"\n\(body(70))}") == [1])
  }

  @Test func foundationIsRefused() {
    #expect(lines(.foundation, "import Foundation") == [1])
    #expect(lines(.foundation, "package import FoundationEssentials\nimport struct Foundation.Data") == [1, 2])
    #expect(lines(.foundation, "// import Foundation\nimport Base") == [])
  }

  @Test func publicIsTheFacesBusiness() {
    #expect(lines(.publicAccess, "public struct A {}") == [1])
    #expect(lines(.publicAccess, "public struct A {}", path: "Sources/Martlet/A.swift") == [])
    #expect(lines(.publicAccess, "package struct A {}\nlet a = \"public\"\nfunc open() {}\ncase public(Key)\nopen()") == [])
    #expect(lines(.publicAccess, "  @frozen public enum A {}\nopen class B {}") == [1, 2])
  }

  @Test func emptyNamesAreRefused() {
    #expect(lines(.emptyNames, "", path: "Sources/Service/Utils/A.swift") == [1])
    #expect(lines(.emptyNames, "", path: "Sources/Service/Helpers.swift") == [1])
    #expect(lines(.emptyNames, "", path: "Sources/Service/Answer.swift") == [])
  }

  @Test func aTypesNameStandsInOneTarget() {
    func repeated(_ a: String, _ b: String, _ other: String = "Sources/REST/A.swift") -> [Int] {
      Rule.repeatedTypeNames([source(a), source(b, path: other)]).map(\.line)
    }
    #expect(repeated("struct A {}", "\npackage final class A: B {}") == [2])
    #expect(repeated("package indirect enum A {}", "@safe struct A {}") == [1])
    #expect(repeated("struct A {}", "private struct A {}\nstruct B { struct A {} }\n  struct A {}\nextension A {}\n// struct A {}") == [])
    #expect(repeated("struct A {}", "struct A {}", "Sources/Service/B.swift") == [])
    let drivers = ["Sources/SQLiteStore/A.swift", "Sources/PostgresStore/A.swift"].map { source("struct A {}", path: $0) }
    #expect(Rule.repeatedTypeNames(drivers).isEmpty)
  }

  @Test func whatOneFileDoesForEverybodyIsNotDoneAgain() {
    #expect(lines(.ownedWords, "unsafe pthread_create(&a, nil, b, c)\n// pthread_create") == [1])
    #expect(lines(.ownedWords, "let (a, attoseconds) = b.components") == [1])
    #expect(lines(.ownedWords, "pthread_create()", path: "Sources/Base/SystemThread.swift") == [])
  }

  @Test func filesThatATextNamesAreFound() {
    #expect(Rule.namedFiles("See `A/B.swift`, `Type+Aspect.swift`, `A/ (x).swift` and `C/D+E.swift`.") == ["A/B.swift", "C/D+E.swift"])
  }

  @Test func unfinishedMarksAreRefused() {
    for mark in Rule.marks {
      #expect(Rule.unfinished(path: "a", text: "x\n// \(mark): later").map(\.line) == [2])
      #expect(Rule.unfinished(path: "a", text: "\(mark)S and S\(mark)").isEmpty)
    }
  }

  @Test func pathsOfOneMachineAreRefused() {
    for path in Rule.machinePaths {
      #expect(Rule.machinePaths(path: "a", text: "x\nopen(\"\(path)data\")").map(\.line) == [2])
    }
    #expect(Rule.machinePaths(path: "a", text: "../shared/vectors\n/usr/lib").isEmpty)
  }

  @Test func importsAndDependenciesPointUpward() {
    let manifest = PackageManifest(
      text: """
        let package = Package(
          products: [.library(name: "Martlet", targets: ["Martlet"])],
          targets: [
            library("CUV", "libuv"),
            room("Base"),
            room(
              "JSON",
              ["Base", "Store"]),
            room("Store", ["Base"], unsafe: true),
            .executableTarget(name: "Command", dependencies: ["Store"]),
            tests("Store", ["Base"]),
          ])
        """)
    #expect(manifest.targets.map(\.name) == ["CUV", "Base", "JSON", "Store", "Command", "StoreTests"])
    #expect(manifest.targets.last == .init(name: "StoreTests", dependencies: ["Base", "Store", "TestSupport"], isTest: true))
    #expect(manifest.orderViolations().count == 1)
    func refused(_ text: String, _ path: String) -> [Int] { manifest.importViolations(source(text, path: path)).map(\.line) }
    #expect(refused("import Store", "Sources/Base/A.swift") == [1])
    #expect(refused("package import Base\nimport JSON", "Sources/Store/A.swift") == [2])
    #expect(refused("import Base\nimport Store\nimport Glibc", "Sources/Command/A.swift") == [1])
    #expect(refused("import CUV", "Sources/Store/A.swift") == [1])
    #expect(refused("", "Sources/Nowhere/A.swift") == [1])
  }

  @Test func theLexerTakesStringsAndCommentsApart() {
    let parsed = source("let a = \"b\\(c + \"d\")e\" // f\n/* g\nh */ #\"i\"#")
    #expect(parsed.strings.map(\.text) == ["d", "be", "i"])
    #expect(parsed.comments.map(\.line) == [1, 2, 3])
    #expect(parsed.codeText(0).hasPrefix("let a = \" \\") == false)
    #expect(parsed.codeText(0).contains("c + \" \""))
  }
}
