package import JSON

/// Findings as documents for machines.
package enum DiagnosticReport {
  /// `{"diagnostics": [...], "errors": 1, "warnings": 0, "notices": 2}`
  package static func json(_ diagnostics: [Diagnostic]) -> JSONValue {
    func count(_ severity: Diagnostic.Severity) -> JSONValue {
      .integer(Int64(diagnostics.count { $0.severity == severity }))
    }
    return [
      "diagnostics": .array(diagnostics.map(object)), "errors": count(.error), "warnings": count(.warning), "notices": count(.notice),
    ]
  }

  private static func object(_ diagnostic: Diagnostic) -> JSONValue {
    var object: JSONObject = ["code": .string(diagnostic.code), "severity": .string(diagnostic.severity.rawValue)]
    object.append("file", .string(diagnostic.file))
    if diagnostic.line > 0 {
      object.append("line", .integer(Int64(diagnostic.line)))
      object.append("column", .integer(Int64(diagnostic.column)))
    }
    object.append("message", .string(diagnostic.message))
    if let suggestion = diagnostic.suggestion { object.append("suggestion", .string(suggestion)) }
    return .object(object)
  }

  /// SARIF 2.1.0, which code hosts show beside the lines.
  package static func sarif(_ diagnostics: [Diagnostic], version: String) -> JSONValue {
    let codes = DiagnosticCode.allCases.filter { code in diagnostics.contains { $0.code == code.rawValue } }
    let results = diagnostics.map { diagnostic in result(diagnostic, rule: codes.firstIndex { $0.rawValue == diagnostic.code }) }
    let driver: JSONValue = ["name": "martlet", "version": .string(version), "rules": .array(codes.map(rule))]
    return [
      "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
      "runs": [["tool": ["driver": driver], "columnKind": "unicodeCodePoints", "results": .array(results)]],
    ]
  }

  private static func level(_ severity: Diagnostic.Severity) -> JSONValue {
    switch severity {
    case .error: "error"
    case .warning: "warning"
    case .notice: "note"
    }
  }

  private static func rule(_ code: DiagnosticCode) -> JSONValue {
    let explanation = code.explanation
    return [
      "id": .string(code.rawValue), "shortDescription": ["text": .string(explanation.title)],
      "fullDescription": ["text": .string(explanation.explanation)], "help": ["text": .string(explanation.remedy)],
      "defaultConfiguration": ["level": level(code.severity)],
    ]
  }

  private static func result(_ diagnostic: Diagnostic, rule: Int?) -> JSONValue {
    var result: JSONObject = ["ruleId": .string(diagnostic.code)]
    if let rule { result.append("ruleIndex", .integer(Int64(rule))) }
    result.append("level", level(diagnostic.severity))
    let text = diagnostic.suggestion.map { "\(diagnostic.message) (\($0))" } ?? diagnostic.message
    result.append("message", ["text": .string(text)])
    var location: JSONObject = ["artifactLocation": ["uri": .string(uri(diagnostic.file))]]
    if diagnostic.line > 0 {
      location.append("region", ["startLine": .integer(Int64(diagnostic.line)), "startColumn": .integer(Int64(diagnostic.column))])
    }
    result.append("locations", [["physicalLocation": .object(location)]])
    return .object(result)
  }

  /// A path as a relative reference (RFC 3986 section 4.2): what is no path character is escaped.
  private static func uri(_ path: String) -> String {
    var out: [UInt8] = []
    for byte in path.utf8 {
      let isPlain = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A || byte >= 0x30 && byte <= 0x39 || "-._~/".utf8.contains(byte)
      if isPlain {
        out.append(byte)
      } else {
        let digits = Array("0123456789ABCDEF".utf8)
        out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: out, as: UTF8.self)
  }
}
