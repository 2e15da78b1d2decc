/// Every bound of the HTTP server, with the product's defaults. Sizes are bytes.
package struct HTTPLimits: Sendable, Equatable {
  // MARK: Heads

  /// A request target over this is refused with 414.
  package var targetBytesMax = 8 * 1024
  /// A header section over this is refused with 431.
  package var headerBytesMax = 16 * 1024
  /// More header lines than this are refused with 431.
  package var headerCountMax = 100
  /// A method longer than this is refused with 501.
  package var methodBytesMax = 32

  // MARK: Bodies

  /// A declared or received body over this is refused with 413 whatever the handler would take.
  package var bodyBytesMax = 1 << 30
  /// Body bytes that may wait for a handler that reads them piece by piece; then reading pauses.
  package var bodyBufferBytesMax = 64 * 1024
  /// Chunk extensions of one body, all together; over this 400.
  package var chunkExtensionBytesMax = 1024
  /// The trailer section of a chunked body; over this 431.
  package var trailerBytesMax = 8 * 1024
  package var trailerCountMax = 32
  /// Unread body that is read and thrown away to keep a connection; with more to come it is closed.
  package var discardBytesMax = 64 * 1024

  // MARK: Connections

  /// Bytes of later requests that may wait while one is handled; then reading pauses.
  package var pipelineBytesMax = 64 * 1024
  /// Answer bytes that may wait for a slow reader; then its handler waits.
  package var outputBytesMax = 256 * 1024
  /// The same while the process is short of memory: a peer that does not take its answers gets no further ones.
  package var outputBytesTightMax = 0
  /// Bytes that are read at once while the process is short of memory.
  package var readBytesTightMax = 4 * 1024
  /// Open connections of the whole server; over this a new one gets 503 and is closed.
  package var connectionsMax = 10_000
  /// Connections accepted in one tick, so that a flood cannot starve those that are open.
  package var acceptsPerTickMax = 16
  /// Pending connections in the kernel's queue.
  package var backlog: Int32 = 1024

  // MARK: Times

  /// From a request's first byte (or a connection's begin) to the end of its head; then 408.
  package var headTimeMax: Duration = .seconds(10)
  /// For a body, which `bodyRateMin` prolongs; also the longest silence within one. Then 408.
  package var bodyTimeMax: Duration = .seconds(30)
  /// Bytes a second: a body has `bodyTimeMax` and one second more for each this many bytes received.
  package var bodyRateMin = 1024
  /// Between requests; then the connection is closed.
  package var idleTimeMax: Duration = .seconds(75)
  /// From the end of a request to the begin of its answer; then 504 and the handler's task is cancelled.
  package var handlerTimeMax: Duration = .seconds(30)
  /// For a peer that takes nothing of its answer while bytes of it wait; then the connection is reset. Each `writeRateMin` bytes
  /// that it takes give it one second more, up to this much again.
  package var writeStallMax: Duration = .seconds(30)
  /// Bytes a second that a peer has to take while bytes of its answer wait.
  package var writeRateMin = 1024
  /// `writeStallMax` while the process is short of memory.
  package var writeStallTightMax: Duration = .seconds(5)
  /// For the peer to close its side after ours is shut, so that it can read the last answer.
  package var lingerTimeMax: Duration = .seconds(2)
  /// How often each connection's deadline is looked at: the precision of all times above.
  package var sweepInterval: Duration = .seconds(1)

  // MARK: Coding

  /// Bodies below this are compressed only for a client that refuses them as they are.
  package var compressedBytesMin = 1024
  /// Bodies over this are never compressed, because compression holds the loop.
  package var compressedBytesMax = 4 << 20

  package init() {}
}
