import YAML

/// Where the parts of a contract stand in its text: for findings that are made after it was loaded.
package struct ContractPlaces: Sendable {
  private let root: YAMLNode?
  /// A file's name and text by the number in its marks.
  private let files: [(name: String, bytes: [UInt8])]

  init(root: YAMLNode?, files: [(name: String, bytes: [UInt8])]) {
    self.root = root
    self.files = files
  }

  /// No text at hand: findings have no place.
  package static let none = ContractPlaces(root: nil, files: [])

  var fileNames: [String] { files.map(\.name) }

  /// A finding about the value at a path of keys, such as `[resources, orders, access, read]`; where the text has no such
  /// value, about the nearest one around it.
  ///
  /// - Parameter utf8Offset: into the value's text, if it is about a part of it.
  package func finding(
    _ code: DiagnosticCode, _ message: String, at path: [String], utf8Offset: Int? = nil, suggestion: String? = nil
  ) -> Diagnostic {
    let (node, isWhole) = nearest(path)
    var mark = node?.mark
    if isWhole, let node, let utf8Offset, files.indices.contains(node.mark.source) {
      mark = YAMLSource(files[node.mark.source].bytes).mark(of: node, utf8Offset: utf8Offset)
    }
    let file = mark.flatMap { files.indices.contains($0.source) ? files[$0.source].name : nil }
    return Diagnostic(
      severity: code.severity, code: code.rawValue, file: file ?? "", line: file == nil ? 0 : mark?.line ?? 0,
      column: file == nil ? 0 : mark?.column ?? 0, message: message, suggestion: suggestion)
  }

  /// Whether the text has a value at a path of keys.
  package func hasValue(at path: [String]) -> Bool {
    let (node, isWhole) = nearest(path)
    return node != nil && isWhole
  }

  /// The keys of the mapping at a path, in the order of the text; none where there is no mapping.
  package func keys(at path: [String]) -> [String] {
    let (node, isWhole) = nearest(path)
    return isWhole ? (node?.members ?? []).map(\.key.text) : []
  }

  /// The value at a path, or the nearest one around it.
  private func nearest(_ path: [String]) -> (node: YAMLNode?, isWhole: Bool) {
    var node = root
    for key in path {
      guard let inner = node?[key] else { return (node, false) }
      node = inner
    }
    return (node, true)
  }
}
