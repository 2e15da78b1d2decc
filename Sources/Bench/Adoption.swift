/// Stands in until adoption lands: replace this file then.
package enum Adoption {
  package static func contract(of url: String, service: String?) async throws -> String { "" }
}
