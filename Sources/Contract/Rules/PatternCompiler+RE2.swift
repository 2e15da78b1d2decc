package import Expression
import Pattern

/// RE2 for `matches()` in expressions.
package struct RE2Compiler: PatternCompiler {
  package init() {}

  package func compile(_ pattern: String) throws(PatternFailure) -> any PatternMatcher {
    do throws(PatternError) {
      return RE2Matcher(pattern: try Pattern(pattern))
    } catch {
      throw PatternFailure(error.message)
    }
  }
}

private struct RE2Matcher: PatternMatcher {
  let pattern: Pattern
  func matches(_ text: String) -> Bool { pattern.matches(anywhereIn: text) }
}
