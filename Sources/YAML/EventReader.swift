import CYAML

/// Reads libyaml's events one by one and turns them into values of ours.
///
/// Safety: libyaml keeps pointers to itself and to the text, so both live at fixed addresses that this object owns and
/// frees; an event's memory is copied before the event is deleted, and nothing of it leaves `next`.
@safe final class EventReader {
  enum Event {
    case documentStart(hasTags: Bool)
    case documentEnd
    case alias(String)
    case scalar(text: String, tag: String?, anchor: String?, style: YAMLNode.Style, isPlain: Bool)
    case sequenceStart(tag: String?, anchor: String?)
    case sequenceEnd
    case mappingStart(tag: String?, anchor: String?)
    case mappingEnd
    case streamEnd
  }

  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private let text: UnsafeMutableBufferPointer<UInt8>
  private let source: Int
  private let isReady: Bool
  /// Where the last event begins.
  private(set) var mark: YAMLMark

  init(_ bytes: [UInt8], source: Int) {
    unsafe parser = .allocate(capacity: 1)
    unsafe parser.initialize(to: yaml_parser_t())
    unsafe text = .allocate(capacity: bytes.count)
    _ = unsafe text.initialize(from: bytes)
    self.source = source
    mark = YAMLMark(line: 1, column: 1, source: source)
    isReady = unsafe yaml_parser_initialize(parser) == 1
    if isReady {
      unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
      unsafe yaml_parser_set_input_string(parser, text.baseAddress, text.count)
    }
  }

  deinit {
    if isReady { unsafe yaml_parser_delete(parser) }
    unsafe parser.deallocate()
    unsafe text.deallocate()
  }

  /// The next event; `streamStart` is skipped.
  ///
  /// Safety: the event is ours until it is deleted here, after all of it has been copied.
  func next() throws(YAMLError) -> Event {
    while true {
      var event = unsafe yaml_event_t()
      guard isReady, unsafe yaml_parser_parse(parser, &event) == 1 else { throw failure() }
      let start = unsafe event.start_mark
      mark = place(start)
      let read = unsafe translate(event)
      unsafe yaml_event_delete(&event)
      if let read { return read }
    }
  }

  // Safety: reads only the member of the union that the event's type names.
  private func translate(_ event: yaml_event_t) -> Event? {
    switch unsafe event.type {
    case YAML_DOCUMENT_START_EVENT:
      let start = unsafe event.data.document_start
      return unsafe .documentStart(hasTags: start.tag_directives.start != start.tag_directives.end)
    case YAML_DOCUMENT_END_EVENT: return .documentEnd
    case YAML_ALIAS_EVENT: return unsafe .alias(string(event.data.alias.anchor) ?? "")
    case YAML_SCALAR_EVENT:
      let scalar = unsafe event.data.scalar
      let value = unsafe String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
      let style: YAMLNode.Style =
        switch unsafe scalar.style {
        case YAML_SINGLE_QUOTED_SCALAR_STYLE: .singleQuoted
        case YAML_DOUBLE_QUOTED_SCALAR_STYLE: .doubleQuoted
        case YAML_LITERAL_SCALAR_STYLE: .literal
        case YAML_FOLDED_SCALAR_STYLE: .folded
        default: .plain
        }
      return unsafe .scalar(
        text: value, tag: string(scalar.tag), anchor: string(scalar.anchor), style: style,
        isPlain: scalar.plain_implicit == 1)
    case YAML_SEQUENCE_START_EVENT:
      let start = unsafe event.data.sequence_start
      return unsafe .sequenceStart(tag: string(start.tag), anchor: string(start.anchor))
    case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
    case YAML_MAPPING_START_EVENT:
      let start = unsafe event.data.mapping_start
      return unsafe .mappingStart(tag: string(start.tag), anchor: string(start.anchor))
    case YAML_MAPPING_END_EVENT: return .mappingEnd
    case YAML_STREAM_END_EVENT, YAML_NO_EVENT: return .streamEnd
    default: return nil
    }
  }

  // Safety: libyaml's strings end with a zero byte and live as long as their event.
  private func string(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    guard let pointer = unsafe pointer else { return nil }
    return unsafe String(cString: pointer)
  }

  private func place(_ mark: yaml_mark_t) -> YAMLMark {
    YAMLMark(line: Int(clamping: mark.line) + 1, column: Int(clamping: mark.column) + 1, source: source)
  }

  // Safety: `problem` and `context` are static texts of libyaml, or NULL.
  private func failure() -> YAMLError {
    guard isReady else { return YAMLError(.limit, "not enough memory", at: mark) }
    let problem = unsafe parser.pointee.problem.map { unsafe String(cString: $0) } ?? "cannot be read"
    guard unsafe parser.pointee.error != YAML_READER_ERROR else {
      return unsafe YAMLError(.syntax, problem, at: place(ofByte: Int(clamping: parser.pointee.problem_offset)))
    }
    let message = unsafe parser.pointee.context.map { unsafe "\(problem) (\(String(cString: $0)))" } ?? problem
    return unsafe YAMLError(.syntax, message, at: place(parser.pointee.problem_mark))
  }

  // Safety: stays within the text's count.
  private func place(ofByte offset: Int) -> YAMLMark {
    var (line, column) = (1, 1)
    let end = unsafe min(offset, text.count)
    for position in 0..<end {
      let byte = unsafe text[position]
      if byte == UInt8(ascii: "\n") {
        (line, column) = (line + 1, 1)
      } else if byte & 0xC0 != 0x80 {
        column += 1
      }
    }
    return YAMLMark(line: line, column: column, source: source)
  }
}
