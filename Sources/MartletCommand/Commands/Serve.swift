import Base
import Contract
import Martlet
import REST
import Reactor
import Telemetry

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

let serveCommand = Command(
  name: "serve", summary: "Serves a contract.",
  flags: [
    .contract,
    Flag("listen", "ADDRESS", "HOST:PORT or unix:PATH (default 127.0.0.1:8080; port 0 takes a free one)", mayRepeat: true),
    Flag("operations", "ADDRESS", "a listener of its own for /health and /metrics"),
    Flag("origin", "URL", "scheme and authority for absolute URLs, behind a proxy"),
    Flag("allow-origin", "ORIGIN", "pages of this origin may call the API from a browser (https://app.example)", mayRepeat: true),
    Flag("timing", nil, "answers say how long they took and with how many statements (Server-Timing); for development"),
    Flag("log", "FORMAT", "text or json (default text on a terminal)"),
    Flag("log-level", "LEVEL", "debug, info, notice, warning or error (default info)"),
    Flag("threads", "N", "event loops (default one for each core)"),
    Flag("memory", "SIZE", "bytes that requests under way may hold together, 128MiB at least (default 256MiB)"),
    Flag("drain", "SECONDS", "how long requests in flight may go on after SIGTERM (default 30)"),
    Flag("watch", nil, "serves the contract anew whenever its files change, as SIGHUP does; one with errors changes nothing"),
    Flag("check", nil, "checks the contract and prepares the store, then ends"),
    .signingKeyFile, .data,
  ], run: serve)

private func serve(_ invocation: Invocation) async throws(CommandFailure) -> ExitCode {
  let loaded = invocation.loaded(invocation.contractPath, withAdvice: false)
  let contract = try invocation.contract(loaded)
  let settings = try settings(invocation)
  for notice in contract.notices { Output.words(notice.rendered()) }
  let runtime: Runtime
  do throws(StartError) {
    runtime = try await Runtime.start(contract, folder: invocation.contractFolder, settings: settings)
  } catch {
    throw CommandFailure(error.reason == .unreachable ? .unreachable : .failed, error.description)
  }
  for change in runtime.schemaChanges { runtime.logger.info("schema changed", [LogField("change", .name(change))]) }
  if invocation.has("check") {
    await runtime.stop()
    Output.words("The contract and the store fit.")
    return .done
  }
  let addresses = runtime.addresses.map(url)
  runtime.logger.notice(
    "ready",
    [
      LogField("addresses", .identifier(addresses.joined(separator: ","))),
      LogField("operations", .identifier(runtime.operationsAddress.map(url) ?? "")),
      LogField("service", .name(contract.service.name)), LogField("store", .name(storeName(contract))),
      LogField("version", .name(Version.current)),
    ])
  if Output.isTerminal { banner(contract, addresses, runtime.operationsAddress.map(url)) }
  let renewal = ContractRenewal(invocation, runtime, files: loaded.files)
  let watch = invocation.has("watch") ? Task { await renewal.watch() } : nil
  await runtime.run { await renewal.renew() }
  watch?.cancel()
  return .done
}

private func settings(_ invocation: Invocation) throws(CommandFailure) -> ServeSettings {
  var settings = ServeSettings()
  let listeners = invocation.all("listen")
  if !listeners.isEmpty {
    settings.listeners = []
    for text in listeners { settings.listeners.append(try address(text, flag: "listen")) }
  }
  if let text = invocation["operations"] { settings.operations = try address(text, flag: "operations") }
  settings.manager = ServiceManager(Environment.value, process: getpid())
  // What systemd hands over takes the default's place.
  for (name, address) in settings.manager.sockets {
    if name == "operations", settings.operations == nil {
      settings.operations = address
    } else if listeners.isEmpty, settings.listeners == ServeSettings().listeners {
      settings.listeners = [address]
    } else {
      settings.listeners.append(address)
    }
  }
  settings.publicOrigin = invocation["origin"]
  settings.showsTiming = invocation.has("timing")
  let origins = invocation.all("allow-origin")
  if !origins.isEmpty {
    do { settings.crossOrigin = try CrossOrigin(origins) } catch { throw CommandFailure(.usage, "--allow-origin: \(error)") }
  }
  settings.dataFolder = invocation.dataFolder
  settings.signingKey = try invocation.signingKey()
  settings.threads = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
  if let text = invocation["threads"] {
    guard let threads = Int(text), (1...256).contains(threads) else { throw CommandFailure(.usage, "--threads must be 1 to 256") }
    settings.threads = threads
  }
  if let text = invocation["memory"] {
    guard let bytes = SizeForm.bytes(text), bytes >= MemoryBudget.limitMin, bytes <= 1 << 50 else {
      throw CommandFailure(.usage, "--memory must be a size of 128MiB or more, as 512MiB or 2GiB")
    }
    settings.memoryLimit = Int(bytes)
  }
  if let text = invocation["drain"] {
    guard let seconds = Int(text), (0...3600).contains(seconds) else { throw CommandFailure(.usage, "--drain must be 0 to 3600") }
    settings.drainLimit = .seconds(seconds)
  }
  settings.logFormat = Output.isTerminal ? .text : .json
  if let text = invocation["log"] {
    guard let format = LogFormat(rawValue: text) else { throw CommandFailure(.usage, "--log must be text or json") }
    settings.logFormat = format
  }
  if let text = invocation["log-level"] {
    guard let level = LogLevel(name: text) else {
      throw CommandFailure(.usage, "--log-level must be debug, info, notice, warning or error")
    }
    settings.logLevel = level
  }
  return settings
}

/// `127.0.0.1:8080`, `[::1]:8080`, `:8080`, `unix:/run/shop.sock`
private func address(_ text: String, flag: String) throws(CommandFailure) -> ListenAddress {
  if text.hasPrefix("unix:"), text.utf8.count > 5 { return .unix(path: String(text.dropFirst(5))) }
  guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]), (0...65_535).contains(port) else {
    throw CommandFailure(.usage, "--\(flag) must be HOST:PORT or unix:PATH, not \"\(text)\"")
  }
  var host = text[..<colon]
  if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
  return .tcp(host: host.isEmpty ? "0.0.0.0" : String(host), port: port)
}

private func url(_ address: ListenAddress) -> String {
  switch address {
  case .tcp: "http://\(address)"
  case .unix, .inherited: address.description
  }
}

/// The store without what a URL may hide.
private func storeName(_ contract: Contract) -> String {
  contract.store.url.hasPrefix("sqlite:") ? contract.store.url : "postgres"
}

private func banner(_ contract: Contract, _ addresses: [String], _ operations: String?) {
  let base = addresses.first ?? ""
  var lines = [
    "", "  " + Output.bold("\(contract.service.name) is served by martlet \(Version.current)"), "",
    "  API      \(base)/\(contract.service.version)", "  Docs     \(base)/docs", "  Health   \(operations ?? base)/health",
    "  Store    \(storeName(contract))", "",
  ]
  if let operations { lines.insert("  Metrics  \(operations)/metrics", at: 6) }
  Output.words(lines.joined(separator: "\n"))
}
