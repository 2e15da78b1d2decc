import Base
import Contract
import JSON
import Synchronization

/// One issuer whose tokens are accepted: what they must say, its keys, and what its roles grant here.
final class TrustedIssuer: Sendable {
  enum Roles: Sendable {
    /// The `roles` claim as it is: for the service's own tokens.
    case own
    case mapped(claim: String, grants: [ExactText: [String]])
    case none
  }

  let issuer: String
  let audience: String?
  let roles: Roles
  /// Nil for keys that no file holds.
  let path: String?

  private struct Keys {
    var set: KeySet
    var stamp: FileStamp?
  }
  private let keys: Mutex<Keys>

  /// The service itself.
  init(issuer: String, audience: String, keys: KeySet) {
    self.issuer = issuer
    self.audience = audience
    self.keys = Mutex(Keys(set: keys, stamp: nil))
    roles = .own
    path = nil
  }

  /// One of the contract, its key file read from where the contract stands.
  init(_ settings: Issuer, folder: String) throws(KeyFileError) {
    issuer = settings.issuer
    audience = settings.audience
    roles = settings.rolesClaim.map { .mapped(claim: $0, grants: Self.exact(settings.roleMap)) } ?? .none
    let path = settings.keyFile.hasPrefix("/") ? settings.keyFile : "\(folder)/\(settings.keyFile)"
    self.path = path
    keys = Mutex(try Self.read(path))
  }

  var set: KeySet { keys.withLock { $0.set } }

  private static func read(_ path: String) throws(KeyFileError) -> Keys {
    try keys(of: KeyFile.read(path, bytesMax: KeySet.bytesMax), path)
  }

  private static func keys(of content: KeyFile.Content?, _ path: String) throws(KeyFileError) -> Keys {
    guard let content else { throw KeyFileError(path: path, reason: "there is no such key file") }
    do throws(KeySet.Problem) {
      return Keys(set: try KeySet(content.bytes), stamp: content.stamp)
    } catch {
      throw KeyFileError(path: path, reason: error.description)
    }
  }

  /// Reads the key file again where it changed. True where the keys are new; throws where they cannot be used and keeps the
  /// old ones: once for each change, but each time where the file could not be read, which may be mended without changing it.
  func refresh() throws(KeyFileError) -> Bool {
    guard let path else { return false }
    let stamp = FileStamp(of: path)
    guard keys.withLock({ $0.stamp != stamp }) else { return false }
    let content = try KeyFile.read(path, bytesMax: KeySet.bytesMax)
    keys.withLock { $0.stamp = stamp }
    let read = try Self.keys(of: content, path)
    keys.withLock { $0 = read }
    return true
  }

  /// The contract's roles that the token's claims grant, sorted.
  func granted(_ claims: JSONNode, declared: Set<String>) -> [String] {
    let names: [String]
    switch roles {
    case .none: return []
    case .own: names = ClaimReader.strings(claims["roles"])
    case .mapped(let claim, let grants): names = ClaimReader.strings(Self.claim(claim, of: claims)).flatMap { grants[ExactText($0)] ?? [] }
    }
    return Set(names.filter { name in declared.contains { $0.isExactly(name) } }).sorted()
  }

  private static func exact(_ map: [String: [String]]) -> [ExactText: [String]] {
    Dictionary(map.map { (ExactText($0), $1) }) { $0 + $1 }
  }

  /// The claim of that name; where there is none, the one that its dots lead to (`realm_access.roles`).
  private static func claim(_ name: String, of claims: JSONNode) -> JSONNode? {
    if let node = claims[name] { return node }
    var node = claims
    for part in name.split(separator: ".", omittingEmptySubsequences: false) {
      guard let next = node[String(part)] else { return nil }
      node = next
    }
    return node
  }
}
