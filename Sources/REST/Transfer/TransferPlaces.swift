import Synchronization

/// How many exports and imports there may be at once: each of them goes on for long.
final class TransferPlaces: Sendable {
  private let placesMax: Int
  private let taken = Atomic<Int>(0)

  init(placesMax: Int) { self.placesMax = placesMax }

  /// A place, or nil where none is left.
  func take() -> Place? {
    if taken.wrappingAdd(1, ordering: .relaxed).newValue <= placesMax { return Place(self) }
    taken.wrappingSubtract(1, ordering: .relaxed)
    return nil
  }

  /// Free again when the last who holds it lets go.
  final class Place: Sendable {
    private let owner: TransferPlaces
    fileprivate init(_ owner: TransferPlaces) { self.owner = owner }
    deinit { owner.taken.wrappingSubtract(1, ordering: .relaxed) }
  }
}
