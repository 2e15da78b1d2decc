import Base

/// A bound on a decimal: so many digits, of which so many stand after the point.
package struct DecimalPrecision: Sendable, Hashable {
  package var digits: Int
  package var scale: Int

  package init(digits: Int, scale: Int) {
    self.digits = digits
    self.scale = scale
  }

  /// The same numbers with another scale; nil where 18 digits do not hold them, or digits would be lost.
  package func rescaled(to scale: Int) -> DecimalPrecision? {
    DecimalPrecision(digits: digits + scale - self.scale, scale: scale).checked(from: self)
  }

  private func checked(from other: DecimalPrecision) -> DecimalPrecision? {
    scale >= other.scale && digits <= Decimal.digitsMax && scale <= Decimal.digitsMax ? self : nil
  }
}

extension ExpressionNode {
  /// The bound on a decimal that fields, literals and calculations with them have; nil where none is known, or where a
  /// calculation may need more than 18 digits.
  package var decimalPrecision: DecimalPrecision? {
    switch kind {
    case .literal(.decimal(let value)):
      return DecimalPrecision(digits: max(String(value.units.magnitude).utf8.count, value.scale), scale: value.scale)
    case .member, .variable: return precision
    case .negate(let operand): return operand.decimalPrecision
    case .binary(let operation, let a, let b):
      guard let x = a.decimalPrecision, let y = b.decimalPrecision else { return nil }
      switch operation {
      case .add, .subtract:
        let scale = max(x.scale, y.scale)
        guard let x = x.rescaled(to: scale), let y = y.rescaled(to: scale) else { return nil }
        let digits = max(x.digits, y.digits) + 1
        return digits <= Decimal.digitsMax ? DecimalPrecision(digits: digits, scale: scale) : nil
      case .multiply:
        let product = DecimalPrecision(digits: x.digits + y.digits, scale: x.scale + y.scale)
        return product.digits <= Decimal.digitsMax && product.scale <= Decimal.digitsMax ? product : nil
      default: return nil
      }
    default: return nil
    }
  }
}
