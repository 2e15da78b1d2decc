/// Compiled statements of one connection by `Statement.number`: two places for each number, the one used longer ago is
/// finalised for a newcomer. Bounded by its construction, without hashing and without a list.
struct StatementCache {
  private struct Place {
    var number = 0
    var usedAt = 0
    var statement: PreparedStatement?
  }

  /// A power of two. At most twice as many statements are kept.
  static let sets = 256

  private var places = [Place](repeating: Place(), count: StatementCache.sets * 2)
  private var tick = 0

  mutating func find(_ number: Int) -> PreparedStatement? {
    tick &+= 1
    let first = (number & (StatementCache.sets - 1)) * 2
    for place in first...first + 1 where places[place].number == number {
      places[place].usedAt = tick
      return places[place].statement
    }
    return nil
  }

  mutating func insert(_ statement: PreparedStatement, number: Int) {
    let first = (number & (StatementCache.sets - 1)) * 2
    let place = places[first].usedAt <= places[first + 1].usedAt ? first : first + 1
    places[place].statement?.finalize()
    places[place] = Place(number: number, usedAt: tick, statement: statement)
  }

  mutating func removeAll() {
    for place in places.indices {
      places[place].statement?.finalize()
      places[place] = Place()
    }
  }
}
