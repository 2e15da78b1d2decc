#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

let code = await CommandLineTool.run(Array(CommandLine.arguments.dropFirst()))
exit(code.rawValue)
