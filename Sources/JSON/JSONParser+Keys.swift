extension JSONParser {
  /// Made anew for each process, so that nobody can prepare names that collide.
  private static let seed = UInt64.random(in: .min ... .max) | 1

  @inline(__always) private static func mix(_ hash: UInt64, _ word: UInt64) -> UInt64 {
    let product = (hash ^ word).multipliedFullWidth(by: 0x9e37_79b9_7f4a_7c15)
    return product.high ^ product.low
  }

  func hashOfKey(from start: Int, to stop: Int) -> UInt64 {
    var hash = JSONParser.seed ^ UInt64(truncatingIfNeeded: stop - start)
    var index = start
    while index + 8 <= stop {
      hash = JSONParser.mix(hash, word(at: index))
      index += 8
    }
    var tail: UInt64 = 0
    while index < stop {
      tail = tail << 8 | UInt64(byte(at: index))
      index += 1
    }
    return JSONParser.mix(JSONParser.mix(hash, tail), JSONParser.seed)
  }

  /// The hash of the name that is meant: `"\u0061"` is `"a"`.
  func hashOfEscapedKey(from start: Int, to stop: Int) -> UInt64 {
    // Safety: the parser of the name does not outlive the closure.
    let name = unescaped(from: start, to: stop)
    return unsafe name.withUnsafeBufferPointer { buffer in
      unsafe JSONParser(buffer, depthMax: 0).hashOfKey(from: 0, to: buffer.count)
    }
  }

  private func unescaped(from start: Int, to stop: Int) -> [UInt8] {
    JSONEscape.decoded((start..<stop).map { byte(at: $0) })
  }

  /// Up to this many members every pair of hashes is compared; past it, a table.
  private static let pairwiseMax = 16

  /// Refuses an object that has one name twice; its keys begin at `base`.
  mutating func checkKeys(from base: Int) throws(JSONError) {
    let count = keyHashes.count - base
    guard count > JSONParser.pairwiseMax else {
      for later in base + 1..<keyHashes.count {
        let hash = keyHashes[later]
        for earlier in base..<later where keyHashes[earlier] == hash {
          try refuseIfEqual(earlier, later)
        }
      }
      return
    }
    // Open addressing, at most half full; entries are places in `keyHashes` plus one.
    let mask = (1 << (Int.bitWidth - (count - 1).leadingZeroBitCount + 1)) - 1
    var table = ContiguousArray<UInt32>(repeating: 0, count: mask + 1)
    for later in base..<keyHashes.count {
      var slot = Int(truncatingIfNeeded: keyHashes[later]) & mask
      while table[slot] != 0 {
        let earlier = Int(table[slot]) - 1
        if keyHashes[earlier] == keyHashes[later] { try refuseIfEqual(earlier, later) }
        slot = (slot + 1) & mask
      }
      table[slot] = UInt32(truncatingIfNeeded: later + 1)
    }
  }

  private func refuseIfEqual(_ earlier: Int, _ later: Int) throws(JSONError) {
    let node = nodes[Int(keyNodes[later])]
    guard name(nodes[Int(keyNodes[earlier])]) == name(node) else { return }
    throw JSONError(offset: node.start, message: "the object has this member name twice")
  }

  private func name(_ node: TapeNode) -> [UInt8] {
    let raw = (node.start + 1..<node.end - 1).map { byte(at: $0) }
    return node.kind == .escapedKey ? JSONEscape.decoded(raw) : raw
  }
}
