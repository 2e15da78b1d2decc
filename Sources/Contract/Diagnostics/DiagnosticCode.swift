/// Every finding that loading a contract can have. The raw value is stable: it is never given to another finding.
package enum DiagnosticCode: String, CaseIterable, Sendable {
  // Files and text
  case unreadableFile = "MRT0001"
  case invalidYAML = "MRT0002"
  case duplicateKey = "MRT0003"
  case invalidInclude = "MRT0004"
  case missingVariable = "MRT0005"
  case malformedVariable = "MRT0006"
  case clearSecret = "MRT0007"
  case unsupportedVersion = "MRT0008"
  // Grammar
  case unknownKey = "MRT0101"
  case missingKey = "MRT0102"
  case wrongKind = "MRT0103"
  case malformedValue = "MRT0104"
  case unknownWord = "MRT0105"
  case outOfRange = "MRT0106"
  case malformedName = "MRT0107"
  // Names
  case reservedName = "MRT0201"
  case duplicateName = "MRT0202"
  case unknownResource = "MRT0203"
  case unknownField = "MRT0204"
  case unknownRole = "MRT0205"
  case unknownService = "MRT0206"
  case unknownBroker = "MRT0207"
  case unknownEvent = "MRT0208"
  case unknownTransition = "MRT0209"
  // Fields
  case unknownType = "MRT0301"
  case foreignOption = "MRT0302"
  case emptyBounds = "MRT0303"
  case invalidEnum = "MRT0304"
  case invalidPattern = "MRT0305"
  case invalidDefault = "MRT0306"
  case contradiction = "MRT0307"
  case invalidInverse = "MRT0308"
  case invalidReference = "MRT0309"
  case invalidEncoding = "MRT0310"
  case invalidSchema = "MRT0311"
  case unsearchable = "MRT0312"
  // Resources
  case invalidStateField = "MRT0401"
  case unknownState = "MRT0402"
  case unindexable = "MRT0403"
  case repeatedIndex = "MRT0404"
  case invalidKey = "MRT0405"
  case fixedResource = "MRT0406"
  case conflictingOptions = "MRT0407"
  case unreachableState = "MRT0408"
  // Expressions
  case invalidExpression = "MRT0501"
  case openToAnyone = "MRT0502"
  case closedResource = "MRT0503"
  case bypassedRules = "MRT0504"
  case oneSidedRule = "MRT0505"
  case unaskableRule = "MRT0506"
  case unindexedRule = "MRT0507"
  case unindexedQuery = "MRT0508"
  case invalidStatement = "MRT0509"
  // What is valid and yet not what a careful reviewer would let pass
  case widerRule = "MRT0601"
  case openPart = "MRT0602"
  case openPersonalField = "MRT0603"
  case keptForEver = "MRT0604"
  case repeatableMoney = "MRT0605"
  case unsaidBound = "MRT0606"
  case enumDrift = "MRT0607"
  case unboundedCall = "MRT0608"
  case ignoredKeyword = "MRT0609"
  // Later versions
  case notServedYet = "MRT0901"
  case closedUntilServed = "MRT0902"

  /// What a finding of this code does: an error keeps the contract from being served.
  package var severity: Diagnostic.Severity {
    switch self {
    case .openToAnyone, .closedResource, .bypassedRules, .oneSidedRule, .unindexedRule, .unindexedQuery, .unreachableState, .repeatedIndex,
      .widerRule,
      .openPart, .openPersonalField, .unboundedCall, .ignoredKeyword:
      .warning
    case .keptForEver, .repeatableMoney, .unsaidBound, .enumDrift, .notServedYet, .closedUntilServed: .notice
    default: .error
    }
  }
}

/// What `martlet check --explain CODE` prints.
package struct DiagnosticExplanation: Sendable {
  package var code: DiagnosticCode
  /// A few words, also the rule's name in SARIF.
  package var title: String
  package var explanation: String
  package var remedy: String

  init(_ code: DiagnosticCode, _ title: String, _ explanation: String, remedy: String) {
    self.code = code
    self.title = title
    self.explanation = explanation
    self.remedy = remedy
  }

  /// The explanation of a code as it is written (`MRT0101`), in either case; nil for a code there is not.
  package static func of(_ code: String) -> DiagnosticExplanation? {
    DiagnosticCode(rawValue: code.uppercased()).map { $0.explanation }
  }

  /// As text for a terminal.
  package var text: String {
    "\(code.rawValue) (\(code.severity.rawValue)): \(title)\n\n\(explanation)\n\nWhat to do: \(remedy)\n"
  }
}
