import Base
import CPostgres
import Store

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// How to connect: the URL's parameters and the session's settings.
struct ConnectionSettings: Sendable {
  struct Parameter: Sendable, Equatable {
    var keyword: String
    var value: String
  }

  private let given: [Parameter]
  /// The session's settings, as `options` carries them to the server. Empty behind a pooler: its connections are nobody's.
  let sessionOptions: String
  /// What each transaction that only reads, and each that writes, begins with behind a pooler: the same settings, for as long as it
  /// lasts. Nil where the session has them.
  let transactionSettings: (reading: String, writing: String)?

  /// - Parameter url: `postgres://user:password@host:port/database?...`, or any connection string of libpq's.
  /// - Throws: `.invalidStatement` where libpq cannot read it. The URL is not repeated: it may hold a password.
  init(url: String, options: PostgresOptions) throws(StoreError) {
    guard let given = ConnectionSettings.parse(url) else {
      throw StoreError(.invalidStatement, "the store's URL is no connection string of PostgreSQL's")
    }
    self.given = given
    let settings = ConnectionSettings.settings(options)
    guard options.isBehindPooler else {
      sessionOptions = settings.map { "-c \($0.0)=\(ConnectionSettings.escaped($0.1))" }.joined(separator: " ")
      transactionSettings = nil
      return
    }
    guard let own = ConnectionSettings.settings(of: given.first { $0.keyword == "options" }?.value ?? "") else {
      throw StoreError(.invalidStatement, "behind a pooler the store's URL may have options of the form -c name=value only")
    }
    sessionOptions = ""
    // How a transaction begins says these itself.
    let all = own + settings.filter { !$0.0.hasPrefix("default_transaction_") }
    transactionSettings = (
      EngineSQL.settings([("transaction_read_only", "on")] + all), EngineSQL.settings(all)
    )
  }

  private static func settings(_ options: PostgresOptions) -> [(String, String)] {
    // `random_page_cost`: at the server's default, that of a spinning disk, the planner rather walks the key's index past all that
    // a filter does not want than the filter's own index.
    var settings = [
      ("timezone", "UTC"), ("datestyle", "ISO,YMD"), ("intervalstyle", "iso_8601"), ("client_min_messages", "warning"),
      ("extra_float_digits", "1"), ("bytea_output", "hex"), ("synchronous_commit", "on"),
      ("default_transaction_read_only", options.changesSchema ? "off" : "on"), ("default_transaction_isolation", "read committed"),
      ("jit", "off"),
      ("random_page_cost", "1.1"),
      ("statement_timeout", String(options.timeout.wholeMilliseconds)),
      ("lock_timeout", String(options.lockTimeout.wholeMilliseconds)),
      ("idle_in_transaction_session_timeout", String((options.timeout + options.graceTimeout).wholeMilliseconds)),
    ]
    if options.plansForLargeTables { settings.append(("enable_seqscan", "off")) }
    return settings
  }

  /// As the server splits `options`: at blanks, where no backslash stands before them.
  private static func escaped(_ value: String) -> String {
    value.reduce(into: "") { text, character in
      if character == " " || character == "\\" { text.append("\\") }
      text.append(character)
    }
  }

  /// The settings of `-c name=value` and `--name=value`; nil where something else stands there.
  static func settings(of options: String) -> [(String, String)]? {
    var words: [String] = []
    var isInWord = false
    var isEscaped = false
    for character in options {
      if !isEscaped, character == " " || character == "\t" || character == "\n" {
        isInWord = false
        continue
      }
      if !isInWord { words.append("") }
      isInWord = true
      if !isEscaped, character == "\\" {
        isEscaped = true
      } else {
        isEscaped = false
        words[words.count - 1].append(character)
      }
    }
    var settings: [(String, String)] = []
    var rest = words[...]
    while var word = rest.popFirst() {
      if word == "-c" {
        guard let next = rest.popFirst() else { return nil }
        word = next
      } else if word.hasPrefix("--") || word.hasPrefix("-c") {
        word.removeFirst(2)
      } else {
        return nil
      }
      guard let equals = word.firstIndex(of: "="), equals != word.startIndex else { return nil }
      settings.append((String(word[..<equals]), String(word[word.index(after: equals)...])))
    }
    return settings
  }

  /// A value of the URL.
  func value(_ keyword: String) -> String? { given.first { $0.keyword == keyword }?.value }

  /// Names that have to be looked up before connecting, because libpq would block for it. Empty when there are none.
  var hostNames: [String] {
    guard value("hostaddr") == nil, let hosts = value("host") else { return [] }
    let names = hosts.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    return names.contains { !ConnectionSettings.isAddress($0) } ? names : []
  }

  /// What `PQconnectStartParams` takes.
  ///
  /// - Parameter addresses: for each of `hostNames` its addresses, numeric.
  func parameters(addresses: [[String]]) -> [Parameter] {
    var parameters = given.filter { $0.keyword != "options" }
    func set(_ keyword: String, _ value: String) {
      parameters.removeAll { $0.keyword == keyword }
      parameters.append(Parameter(keyword: keyword, value: value))
    }
    func offer(_ keyword: String, _ value: String) {
      if self.value(keyword) == nil { parameters.append(Parameter(keyword: keyword, value: value)) }
    }
    // The URL's own options come first, so that ours hold.
    if transactionSettings == nil { set("options", (value("options").map { $0 + " " } ?? "") + sessionOptions) }
    set("client_encoding", "UTF8")
    // Our sessions are read-only by default, which libpq would take for the server's own doing.
    switch value("target_session_attrs") {
    case "read-write": set("target_session_attrs", "primary")
    case "read-only": set("target_session_attrs", "standby")
    default: break
    }
    offer("application_name", "martlet")
    offer("gssencmode", "disable")
    offer("keepalives_idle", "30")
    offer("keepalives_interval", "10")
    offer("keepalives_count", "3")
    if !addresses.isEmpty, addresses.count == hostNames.count {
      let ports = (value("port") ?? "").split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      var expanded: [(host: String, address: String, port: String)] = []
      for (index, name) in hostNames.enumerated() {
        let port = ports.count == 1 ? ports[0] : index < ports.count ? ports[index] : ""
        for address in addresses[index] { expanded.append((name, address, port)) }
      }
      set("host", expanded.map(\.host).joined(separator: ","))
      set("hostaddr", expanded.map(\.address).joined(separator: ","))
      set("port", expanded.map(\.port).joined(separator: ","))
    }
    return parameters
  }

  /// Whether a host needs no look-up: an address, a socket's folder, or the default.
  static func isAddress(_ host: String) -> Bool {
    if host.isEmpty || host.hasPrefix("/") || host.hasPrefix("@") { return true }
    var address = in6_addr()
    // Safety: the buffer holds an address of either family.
    return unsafe inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1
  }

  /// Safety: libpq's list ends with an entry without a keyword; it and the message are freed once, here.
  static func parse(_ url: String) -> [Parameter]? {
    var message: UnsafeMutablePointer<CChar>?
    let list = unsafe PQconninfoParse(url, &message)
    if let message = unsafe message { unsafe PQfreemem(message) }
    guard let list = unsafe list else { return nil }
    defer { unsafe PQconninfoFree(list) }
    var parameters: [Parameter] = []
    var entry = unsafe list
    while let keyword = unsafe entry.pointee.keyword {
      if let value = unsafe entry.pointee.val {
        unsafe parameters.append(Parameter(keyword: String(cString: keyword), value: String(cString: value)))
      }
      unsafe entry += 1
    }
    return parameters
  }
}
