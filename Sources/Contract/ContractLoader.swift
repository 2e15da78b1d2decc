import YAML

/// What loading gives: the contract, or nil where there is an error; and all findings in the order of the text.
package struct LoadResult: Sendable {
  package var contract: Contract?
  package var diagnostics: [Diagnostic]
  /// The files that were read, by the names that diagnostics have, for showing the place.
  package var texts: [String: String]
  /// All files that it is made of, those that could not be read among them.
  package var files: [String]
  /// For findings that are made later on.
  package var places: ContractPlaces

  /// With what was found later on; a contract with errors is none.
  package func adding(_ findings: [Diagnostic]) -> LoadResult {
    var result = self
    result.diagnostics = Diagnostic.sorted(diagnostics + findings, files: places.fileNames)
    if findings.contains(where: { $0.severity == .error }) { result.contract = nil }
    return result
  }

  package var errors: [Diagnostic] { diagnostics.filter { $0.severity == .error } }
  package var notices: [Diagnostic] { diagnostics.filter { $0.severity == .notice } }
}

/// Reads contracts. Bounds: 64 files of 4 MiB, 200,000 values a file, 1,000 findings.
package enum ContractLoader {
  /// Loads a contract from the disk. `environment` fills in `${NAME}`.
  package static func load(path: String, environment: [String: String]) -> LoadResult {
    load(path: path, text: nil, files: .disk, environment: environment)
  }

  /// Loads a contract from a text. `file` names it in diagnostics; what it includes comes from `files`.
  package static func load(
    text: String, file: String = "martlet.yaml", environment: [String: String] = [:], files: [String: String] = [:]
  ) -> LoadResult {
    load(path: file, text: Array(text.utf8), files: .table(files), environment: environment)
  }

  package static func load(
    path: String, text: [UInt8]?, files: FileReader, environment: [String: String]
  ) -> LoadResult {
    let findings = Findings()
    var loader = FileLoader(files: files, environment: environment, findings: findings)
    var contract: Contract?
    let root = loader.load(path: path, text: text)
    if let root {
      checkVersion(root, findings)
      GrammarChecker(findings: findings).check(root, .object(Language.contract), path: "")
      contract = ContractReader(root: root, path: path, findings: findings).read()
    }
    let diagnostics = findings.sorted
    contract?.notices = diagnostics.filter { $0.severity == .notice }
    var texts: [String: String] = [:]
    for file in findings.files { texts[file.name] = String(decoding: file.bytes, as: UTF8.self) }
    return LoadResult(
      contract: findings.hasErrors ? nil : contract, diagnostics: diagnostics, texts: texts,
      files: findings.files.map(\.name) + findings.unread,
      places: ContractPlaces(root: root, files: findings.files))
  }

  private static func checkVersion(_ root: YAMLNode, _ findings: Findings) {
    guard let version = root["martlet"] else {
      findings.report(
        .unsupportedVersion, "the contract does not say its version", at: root.mark, suggestion: "begin with \"martlet: 1\"")
      return
    }
    guard version.integer != Language.version else { return }
    let written = version.isScalar ? version.text : version.kind
    findings.report(
      .unsupportedVersion, "this command reads version \(Language.version) of the language, not \(written)", at: version.mark)
  }
}
