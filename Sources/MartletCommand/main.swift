#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

// A file that may grow no more is an error of the call, told and cleaned up after.
signal(SIGXFSZ, SIG_IGN)
let code = await CommandLineTool.run(Array(CommandLine.arguments.dropFirst()))
exit(code.rawValue)
