import Base
import Glibc
import Testing

@Suite struct SystemFileTests {
  @Test func allIsWrittenToAPipeThatIsFullNowAndThen() throws {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    let (reader, writer) = (ends[0], ends[1])
    // It answers EAGAIN where others wait.
    _ = fcntl(writer, F_SETFL, O_NONBLOCK)
    let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let thread = try SystemThread {
      #expect(SystemFile.write(bytes, to: writer))
      close(writer)
    }
    var seen: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 10_000)
    while case let count = read(reader, &chunk, chunk.count), count > 0 { seen += chunk[..<count] }
    thread.join()
    close(reader)
    #expect(seen == bytes)
  }

  @Test func whatIsRefusedIsSaid() throws {
    let full = open("/dev/full", O_WRONLY)
    try #require(full >= 0)
    #expect(!SystemFile.write([1], to: full) && errno == ENOSPC)
    #expect(SystemFile.write([], to: full))
    close(full)
  }
}
