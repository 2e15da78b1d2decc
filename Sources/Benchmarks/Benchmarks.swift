#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// `Benchmarks NAME [FILE]`: one measurement; `script/bench` builds and calls it.
@main struct Benchmarks {
  static func main() {
    let arguments = CommandLine.arguments
    switch arguments.dropFirst().first {
    case "json": JSONBenchmark.run(file: arguments.count > 2 ? arguments[2] : nil)
    default:
      print("usage: Benchmarks json [FILE to write the document to]")
      exit(2)
    }
  }
}
