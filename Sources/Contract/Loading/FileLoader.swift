import Base
import YAML

/// Reads a contract's file and those it includes, and joins their sections.
struct FileLoader {
  let files: FileReader
  let environment: [String: String]
  let findings: Findings

  static let bytesMax = 4 << 20
  static let filesMax = 64

  /// Sections whose entries may stand in several files.
  private static let shared: Set<String> = [
    "brokers", "limits", "resources", "queries", "services", "workflows", "jobs", "identity", "events", "roles",
  ]

  private var loaded: Set<String> = []

  init(files: FileReader, environment: [String: String], findings: Findings) {
    self.files = files
    self.environment = environment
    self.findings = findings
  }

  /// Everything of the file and its includes as one mapping; nil where nothing can be read.
  mutating func load(path: String, text: [UInt8]? = nil) -> YAMLNode? {
    guard let root = read(path, text: text) else { return nil }
    var joined = root
    joined.content = .mapping(follow(root, from: path, above: [Path.normalized(path)]))
    return joined
  }

  private mutating func read(_ path: String, text: [UInt8]?, from place: YAMLNode? = nil) -> YAMLNode? {
    loaded.insert(Path.normalized(path))
    let bytes: [UInt8]
    switch text.map(Result.success) ?? files.read(path, FileLoader.bytesMax) {
    case .success(let read): bytes = read
    case .failure(let failure):
      findings.unread.append(path)
      let message = "\(path) \(failure.message)"
      if let place {
        findings.report(.unreadableFile, message, at: place.mark)
      } else {
        findings.report(.unreadableFile, message, file: path)
      }
      return nil
    }
    let number = findings.add(file: path, bytes: bytes)
    let document = YAMLDocument(bytes, source: number)
    for error in document.errors {
      findings.report(error.kind == .duplicateKey ? .duplicateKey : .invalidYAML, error.message, at: error.mark)
    }
    guard let root = document.root else { return nil }
    guard case .mapping = root.content else {
      findings.report(.wrongKind, "a contract is a mapping, not \(root.kind)", at: root.mark, suggestion: "begin with \"martlet: 1\"")
      return nil
    }
    SecretScan(findings: findings).scan(root: root)
    return Substitution(environment: environment, files: files, findings: findings).apply(to: root)
  }

  /// The file's own sections and those of its includes. `above` are the files that lead here.
  private mutating func follow(_ root: YAMLNode, from path: String, above: [String]) -> [YAMLMember] {
    var members = root.members.filter { $0.key.text != "include" }
    guard let include = root["include"] else { return members }
    for item in include.isScalar ? [include] : include.items {
      guard item.isScalar, let name = item.string else { continue }
      if name.hasPrefix("/") {
        findings.report(.invalidInclude, "\"\(name)\" must be relative to this file", at: item.mark)
        continue
      }
      let target = Path.normalized(Path.folder(of: path) + name)
      if above.contains(target) {
        findings.report(.invalidInclude, "\(target) would include itself", at: item.mark)
      } else if loaded.contains(target) {
        findings.report(.invalidInclude, "\(target) is included already", at: item.mark)
      } else if loaded.count >= FileLoader.filesMax {
        findings.report(.invalidInclude, "more than \(FileLoader.filesMax) files", at: item.mark)
      } else if let other = read(target, text: nil, from: item) {
        join(follow(other, from: target, above: above + [target]), into: &members)
      }
    }
    return members
  }

  private func join(_ more: [YAMLMember], into members: inout [YAMLMember]) {
    for member in more {
      guard let place = members.firstIndex(where: { $0.key.text == member.key.text }) else {
        members.append(member)
        continue
      }
      let name = member.key.text
      if name == "martlet" { continue }
      switch (members[place].value.content, member.value.content) {
      case (.mapping(let a), .mapping(let b)) where FileLoader.shared.contains(name):
        members[place].value.content = .mapping(joined(a, b, section: name))
      case (.sequence(let a), .sequence(let b)) where name == "roles": members[place].value.content = .sequence(a + b)
      default: repeated(name, member.key, first: members[place].key)
      }
    }
  }

  private func joined(_ a: [YAMLMember], _ b: [YAMLMember], section: String) -> [YAMLMember] {
    var result = a
    var places: [String: Int] = [:]
    for (place, member) in a.enumerated() { places[member.key.text] = place }
    for member in b {
      guard let place = places[member.key.text] else {
        places[member.key.text] = result.count
        result.append(member)
        continue
      }
      switch (result[place].value.content, member.value.content) {
      case (.sequence(let x), .sequence(let y)) where section == "events": result[place].value.content = .sequence(x + y)
      case (.mapping(let x), .mapping(let y)) where section == "identity":
        result[place].value.content = .mapping(joined(x, y, section: "identity.\(member.key.text)"))
      default: repeated("\(section).\(member.key.text)", member.key, first: result[place].key)
      }
    }
    return result
  }

  private func repeated(_ name: String, _ key: YAMLNode, first: YAMLNode) {
    let file = findings.files.indices.contains(first.mark.source) ? findings.files[first.mark.source].name : ""
    findings.report(.duplicateName, "\(name) is declared in \(file) line \(first.mark.line) already", at: key.mark)
  }
}
