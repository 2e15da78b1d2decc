/// The bounds of one expression.
package struct ExpressionLimits: Sendable {
  /// UTF-8 bytes of the source.
  package var sourceBytesMax = 8192
  /// Nesting: of parentheses, calls, lists and operators. The recursion of every walk is bounded by it.
  package var depthMax = 64
  /// Operands and operators together.
  package var nodesMax = 1024
  /// Macros within macros.
  package var macroDepthMax = 8

  package init() {}

  /// For texts that come with a request (`filter=`).
  package static var request: ExpressionLimits {
    var limits = ExpressionLimits()
    limits.sourceBytesMax = 4096
    limits.depthMax = 40
    limits.nodesMax = 256
    limits.macroDepthMax = 3
    return limits
  }
}
