import Base
import JSON
import Store

/// Where rows become JSON: memory that a connection keeps from one query to the next. Appending costs neither a reference
/// count nor a check of an array's. It holds at most `Rows.bytesMax`, and asks the process's budget before it grows: what
/// does not fit throws `.tooLarge` or `.memory`.
///
/// It cannot be copied, so its memory has one owner, the connection, which lends it `inout`: whatever throws in between, the
/// owner has it still, with what was written so far; the next query begins with `removeAll`.
///
/// Safety: `base` points to `capacity` bytes from `init` or `grow` to the next `grow` or `deinit`; `count` bytes of them are
/// written and never more than `capacity`, because every append reserves first.
@safe struct RowBuffer: ~Copyable {
  private var base: UnsafeMutablePointer<UInt8>
  private(set) var count = 0
  private(set) var capacity: Int
  /// For texts with escapes and for rare kinds, which are written by the functions that every array has.
  private var scratch: [UInt8] = []
  private let memory: MemoryBudget
  /// Covers the buffer and `scratch` while a large answer is made: what is kept between answers is the store's own.
  private var lease: MemoryLease?

  private static let capacityMin = MemoryBudget.smallMax
  /// What is kept after a large answer.
  static let capacityKeptMax = 256 << 10

  init(_ memory: MemoryBudget) {
    self.memory = memory
    capacity = RowBuffer.capacityMin
    unsafe base = .allocate(capacity: capacity)
  }

  deinit { unsafe base.deallocate() }

  /// What it holds, as an array with room for one byte more (a record's brace); it is empty then. The caller has seen to it
  /// that the array is covered.
  ///
  /// Safety: `count` bytes have been written, and the array's storage has room for them.
  mutating func take() -> [UInt8] {
    let (from, size) = unsafe (base, count)
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size + 1) { target, initialized in
      if let to = target.baseAddress { unsafe to.update(from: from, count: size) }
      initialized = size
    }
    removeAll()
    return bytes
  }

  /// Empties it, and lets go of memory that only a large answer needs.
  mutating func removeAll() {
    count = 0
    lease = nil
    if capacity > RowBuffer.capacityKeptMax || scratch.capacity > RowBuffer.capacityKeptMax { self = RowBuffer(memory) }
  }

  /// Room for `extra` more bytes.
  @inline(__always) private mutating func reserve(_ extra: Int) throws(StoreError) {
    if capacity &- count < extra { try grow(extra) }
  }

  private mutating func cover(_ bytes: Int) throws(StoreError) {
    guard memory.cover(bytes, by: &lease) else { throw .memory }
  }

  /// Safety: the old bytes are copied before their memory is freed.
  @inline(never) private mutating func grow(_ extra: Int) throws(StoreError) {
    let needed = count + extra
    guard needed <= Rows.bytesMax else { throw .tooLarge }
    let wanted = min(max(capacity * 2, needed), Rows.bytesMax)
    // Old and new are there together while one is copied into the other.
    try cover(capacity + wanted + scratch.capacity)
    defer { _ = memory.cover(capacity + scratch.capacity, by: &lease) }
    let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: wanted)
    unsafe larger.update(from: base, count: count)
    unsafe base.deallocate()
    unsafe base = larger
    capacity = wanted
  }

  // Safety: in what follows `reserve` has made room for what is written.

  @inline(__always) mutating func append(_ byte: UInt8) throws(StoreError) {
    try reserve(1)
    unsafe base[count] = byte
    count &+= 1
  }

  @inline(__always) mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) throws(StoreError) {
    try reserve(bytes.count)
    unsafe copy(bytes)
  }

  @inline(__always) mutating func append(_ bytes: [UInt8], in range: Range<Int>) throws(StoreError) {
    try reserve(range.count)
    unsafe bytes.withUnsafeBufferPointer { unsafe copy(UnsafeBufferPointer(rebasing: $0[range])) }
  }

  mutating func append(_ text: StaticString) throws(StoreError) {
    try reserve(text.utf8CodeUnitCount)
    text.withUTF8Buffer { unsafe copy($0) }
  }

  /// Appends what there is room for: the caller has reserved it.
  @inline(__always) private mutating func copy(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard let from = bytes.baseAddress else { return }
    unsafe (base + count).update(from: from, count: bytes.count)
    count &+= bytes.count
  }

  // Safety: as above.

  /// What `write` appends to an array; nothing where it throws.
  @inline(__always) mutating func append(
    by write: (inout [UInt8]) throws(StoreError) -> Void
  ) throws(StoreError) {
    scratch.removeAll(keepingCapacity: true)
    try write(&scratch)
    try appendScratch()
  }

  private mutating func appendScratch() throws(StoreError) {
    let (size, place) = (scratch.count, count)
    if scratch.capacity > RowBuffer.capacityMin { try cover(capacity + scratch.capacity) }
    try reserve(size)
    let to = unsafe base + place
    unsafe scratch.withUnsafeBufferPointer {
      if let from = $0.baseAddress { unsafe to.update(from: from, count: size) }
    }
    count = place &+ size
  }

  /// A string in quotes. Texts that need no escape are copied as they are.
  ///
  /// Safety: `reserve` has made room for the text and its quotes.
  mutating func appendJSON(utf8 bytes: UnsafeBufferPointer<UInt8>) throws(StoreError) {
    guard unsafe RowBuffer.isPlain(bytes) else {
      if bytes.count > RowBuffer.capacityMin { try cover(capacity + max(scratch.capacity, bytes.count)) }
      scratch.removeAll(keepingCapacity: true)
      unsafe scratch.appendJSON(utf8: bytes)
      return try appendScratch()
    }
    try reserve(bytes.count &+ 2)
    unsafe base[count] = UInt8(ascii: "\"")
    if let from = bytes.baseAddress { unsafe (base + count + 1).update(from: from, count: bytes.count) }
    unsafe base[count &+ 1 &+ bytes.count] = UInt8(ascii: "\"")
    count &+= bytes.count &+ 2
  }

  /// Whether every byte is ASCII that stands for itself: no control, no `"`, no `\`.
  ///
  /// Safety: eight bytes are read at once only where eight are left.
  private static func isPlain(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let highs: UInt64 = 0x8080_8080_8080_8080
    var place = 0
    if let base = bytes.baseAddress {
      while place &+ 8 <= bytes.count {
        let word = unsafe UnsafeRawPointer(base + place).loadUnaligned(as: UInt64.self)
        // A byte below 0x20 borrows from its high bit; one equal to the mark becomes 0 and borrows as well.
        let quotes = word ^ (ones &* 0x22)
        let slashes = word ^ (ones &* 0x5c)
        let found = word | (word &- ones &* 0x20) | (quotes &- ones) | (slashes &- ones)
        if found & highs != 0 { return false }
        place &+= 8
      }
    }
    while place < bytes.count {
      let byte = unsafe bytes[place]
      if byte < 0x20 || byte >= 0x80 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return false }
      place &+= 1
    }
    return true
  }

  mutating func append(decimal value: Int64) throws(StoreError) {
    if value < 0 { try append(UInt8(ascii: "-")) }
    let rest = value.magnitude
    var digits = 1
    var limit = rest
    while limit >= 10 {
      limit /= 10
      digits &+= 1
    }
    try append(padded: rest, width: digits)
  }

  /// The last `width` digits, padded with zeros.
  ///
  /// Safety: `reserve` has made room for them.
  @inline(__always) private mutating func append(padded value: UInt64, width: Int) throws(StoreError) {
    try reserve(width)
    var rest = value
    var place = count &+ width
    let start = count
    count = place
    while place > start {
      place &-= 1
      unsafe base[place] = 0x30 &+ UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    }
  }

  /// `"2026-01-31T10:00:00.123456Z"`, as `Timestamp.append` writes it. False, with nothing appended, for a moment outside the
  /// years 0001 to 9999.
  mutating func append(_ time: Timestamp) throws(StoreError) -> Bool {
    guard time >= .minimum, time <= .maximum else { return false }
    // Nothing below can overflow or be negative within those years.
    let days = time.microseconds.dividedFloor(by: 86_400_000_000)
    let rest = UInt64(truncatingIfNeeded: time.microseconds &- days &* 86_400_000_000)
    let (year, month, day) = CalendarDate(days: Int32(clamping: days)).parts
    try append(UInt8(ascii: "\""))
    try append(padded: UInt64(truncatingIfNeeded: year), width: 4)
    try append(UInt8(ascii: "-"))
    try append(padded: UInt64(truncatingIfNeeded: month), width: 2)
    try append(UInt8(ascii: "-"))
    try append(padded: UInt64(truncatingIfNeeded: day), width: 2)
    try append(UInt8(ascii: "T"))
    let seconds = rest / 1_000_000
    try append(padded: seconds / 3600, width: 2)
    try append(UInt8(ascii: ":"))
    try append(padded: seconds / 60 % 60, width: 2)
    try append(UInt8(ascii: ":"))
    try append(padded: seconds % 60, width: 2)
    let fraction = rest % 1_000_000
    if fraction != 0 {
      try append(UInt8(ascii: "."))
      try append(padded: fraction, width: 6)
    }
    try append("Z\"")
    return true
  }

  /// The 36 characters of a UUID in quotes, from its 16 bytes. False, with nothing appended, for another number of bytes.
  ///
  /// Safety: 38 bytes are reserved and written, 16 read where there are 16.
  mutating func append(uuid bytes: UnsafeBufferPointer<UInt8>) throws(StoreError) -> Bool {
    guard bytes.count == 16 else { return false }
    try reserve(38)
    var place = count
    unsafe base[place] = UInt8(ascii: "\"")
    place &+= 1
    for position in 0..<16 {
      if position == 4 || position == 6 || position == 8 || position == 10 {
        unsafe base[place] = UInt8(ascii: "-")
        place &+= 1
      }
      let byte = unsafe bytes[position]
      unsafe base[place] = UInt8.hexadecimalDigit(byte >> 4)
      unsafe base[place &+ 1] = UInt8.hexadecimalDigit(byte & 15)
      place &+= 2
    }
    unsafe base[place] = UInt8(ascii: "\"")
    count = place &+ 1
    return true
  }
}
