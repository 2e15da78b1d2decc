import Base
import Service

/// Lists' parameters by the bytes of their query: most clients ask for the same few lists again and again, and what was read
/// once, and planned once, is found by them.
///
/// Bounds: `countMax` queries of at most `bytesMax` bytes. Pages beyond the first are not kept: each has a cursor of its own.
final class KnownQueries: Sendable {
  static let countMax = 1000
  static let bytesMax = 256

  private struct Known: Sendable {
    let action: Operation.Action
    let identity: ParameterIdentity
  }
  private let known = BoundedCache<[UInt8], Known>(countMax: KnownQueries.countMax)

  /// The list that a URL's query asks for, as `QueryString` reads it.
  func list(_ text: ArraySlice<UInt8>?) throws(Failure) -> (Operation.Action, ParameterIdentity?) {
    guard (text?.count ?? 0) <= KnownQueries.bytesMax else { return (.list(try QueryString(text).list()), nil) }
    let bytes = text.map { Array($0) } ?? []
    if let known = known.value(for: bytes) { return (known.action, known.identity) }
    let parameters = try QueryString(text).list()
    let action = Operation.Action.list(parameters)
    guard parameters.after == nil, parameters.before == nil else { return (action, nil) }
    let identity = ParameterIdentity(of: parameters)
    known.insert(Known(action: action, identity: identity), for: bytes)
    return (action, identity)
  }
}
