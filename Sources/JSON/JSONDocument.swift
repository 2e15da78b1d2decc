/// A JSON text that has been read and checked: its bytes and a flat tape of what stands where.
///
/// Two allocations a document, whatever its size; strings and sub-trees are made only when asked for.
package final class JSONDocument: Sendable {
  /// The source text.
  package let bytes: [UInt8]
  let nodes: ContiguousArray<TapeNode>

  init(bytes: [UInt8], nodes: ContiguousArray<TapeNode>) {
    self.bytes = bytes
    self.nodes = nodes
  }

  /// Reads one JSON text, strictly as RFC 8259 has it.
  ///
  /// UTF-8 is checked whole; a byte order mark, a duplicate key, a lone surrogate escape, a number past the range of a
  /// double and nesting past the limit are refused. Never traps, whatever the bytes.
  package static func parse(_ bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) -> JSONDocument {
    guard bytes.count <= limits.bytesMax else {
      throw JSONError(offset: limits.bytesMax, message: "the text is longer than \(limits.bytesMax) bytes")
    }
    // Safety: the parser lives inside this closure, and so does its view of the array.
    let result = unsafe bytes.withUnsafeBufferPointer { source -> Result<ContiguousArray<TapeNode>, JSONError> in
      var parser = unsafe JSONParser(source, depthMax: limits.depthMax)
      do throws(JSONError) {
        try parser.parseDocument()
        return .success(parser.nodes)
      } catch {
        return .failure(error)
      }
    }
    return JSONDocument(bytes: bytes, nodes: try result.get())
  }

  /// The value that the text is.
  package var root: JSONNode { JSONNode(document: self, index: 0) }
}
