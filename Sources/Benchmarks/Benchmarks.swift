import Reactor

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// `Benchmarks NAME [FILE]`: one measurement; `script/bench` builds and calls it.
@main struct Benchmarks {
  static func main() async {
    let arguments = CommandLine.arguments
    switch arguments.dropFirst().first {
    case "json": JSONBenchmark.run(file: arguments.count > 2 ? arguments[2] : nil)
    case "token": TokenBenchmark.run()
    case "http":
      let port = arguments.count > 2 ? Int(arguments[2]) ?? 0 : 0
      let loops = arguments.count > 3 ? Int(arguments[3]) ?? 1 : 1
      await HTTPBenchmark.run(address: .tcp(host: "127.0.0.1", port: port), loops: max(1, min(loops, 64)))
    default:
      print("usage: Benchmarks json [FILE to write the document to] | http [PORT [LOOPS]] | token")
      exit(2)
    }
  }
}
