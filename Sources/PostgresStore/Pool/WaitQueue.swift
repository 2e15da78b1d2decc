import Store

/// Calls that wait for a connection, first come first served, at most `capacity` of them.
struct WaitQueue<Element> {
  let capacity: Int
  /// What is refused before its turn; nil where each waits for its turn. Kept here, asked by whoever takes from the queue.
  var limit: SojournLimit?
  private var elements: [Element?] = []
  private var head = 0

  init(capacity: Int, limit: SojournLimit? = nil) {
    self.capacity = capacity
    self.limit = limit
  }

  var count: Int { elements.count - head }
  var isEmpty: Bool { count == 0 }
  var first: Element? { isEmpty ? nil : elements[head] }

  /// False when the queue is full.
  mutating func push(_ element: Element) -> Bool {
    guard count < capacity else { return false }
    elements.append(element)
    return true
  }

  /// Puts back what was taken out already: it was admitted once, so the bound is not asked again.
  mutating func pushFirst(_ element: Element) {
    if head > 0 {
      head -= 1
      elements[head] = element
    } else {
      elements.insert(element, at: 0)
    }
  }

  mutating func popFirst() -> Element? {
    guard !isEmpty else { return nil }
    let element = elements[head]
    elements[head] = nil
    head += 1
    if head == elements.count {
      elements.removeAll(keepingCapacity: elements.capacity <= 1024)
      head = 0
    } else if head >= 512 {
      elements.removeFirst(head)
      head = 0
    }
    return element
  }

  /// Takes out everything that fulfils the condition, in order.
  mutating func removeAll(where condition: (Element) -> Bool) -> [Element] {
    var removed: [Element] = []
    var kept: [Element?] = []
    for element in elements[head...] {
      guard let element else { continue }
      if condition(element) { removed.append(element) } else { kept.append(element) }
    }
    guard !removed.isEmpty else { return [] }
    elements = kept
    head = 0
    return removed
  }
}
