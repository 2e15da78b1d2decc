import Base
import TestSupport
import Testing

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

@Suite("Programs that are started") struct ChildProcessTests {
  private func run(_ script: String, goesOn: () -> Bool = { true }) throws -> ChildProcess.End {
    try ChildProcess.run("/bin/sh", ["-c", script], environment: ["WORD=some words", "PATH=/bin:/usr/bin"], goesOn: goesOn)
  }

  @Test("tell how they ended, and what they said") func ends() throws {
    let end = try run("echo \"$WORD\"; echo one >&2; echo two >&2; exit 3")
    #expect(end.code == 3)
    #expect(end.output == "some words\n")
    #expect(end.complaint == "one; two")
    #expect(try run("kill -KILL $$").code == 128 + SIGKILL)
  }

  @Test("may say more than a pipe holds, on both sides") func talks() throws {
    let end = try run("head -c 3000000 /dev/zero | tr '\\0' a; head -c 300000 /dev/zero | tr '\\0' b >&2; printf last >&2")
    #expect(end.code == 0)
    #expect(end.output.utf8.count == 3_000_000)
    #expect(end.complaint.utf8.count == 2048 && end.complaint.hasSuffix("last"))
  }

  @Test("that are not there are refused") func absent() {
    do throws(SystemError) {
      _ = try ChildProcess.run("/no/such/program", [], environment: [])
      Issue.record("it ran")
    } catch {
      #expect(error.isAbsent)
    }
  }

  @Test("end when they are given up") func givenUp() throws {
    #expect(try run("exec sleep 1000") { false }.code == 128 + SIGTERM)
  }

  @Test("that insist are ended all the same", .timeLimit(.minutes(2))) func insists() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let file = folder.path + "/trapped"
    let end = try run("trap '' TERM; touch \(file); while :; do sleep 0.1; done") { Files.read(file) == nil }
    #expect(end.code == 128 + SIGKILL)
  }

  @Test("wait for input that is held, and see its end") func input() throws {
    let arguments = ["-c", "echo begun; cat; echo ended"]
    let free = try ChildProcess("/bin/sh", arguments, environment: ["PATH=/bin:/usr/bin"])
    #expect(free.wait { true }.output == "begun\nended\n")
    let held = try ChildProcess("/bin/sh", arguments, environment: ["PATH=/bin:/usr/bin"], holdsInput: true)
    while held.said != "begun\n" {
      #expect(held.poll() == nil)
      SystemThread.rest(nanoseconds: 1_000_000)
    }
    #expect(held.wait { false }.code == 128 + SIGTERM)
  }

  @Test("end when nobody holds them any more") func dropped() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let file = folder.path + "/number"
    var child: ChildProcess? = try ChildProcess(
      "/bin/sh", ["-c", "echo $$ >\(file).new; mv \(file).new \(file); exec sleep 1000"], environment: ["PATH=/bin:/usr/bin"])
    while child?.poll() == nil, Files.read(file) == nil { SystemThread.rest(nanoseconds: 1_000_000) }
    let number = try #require(Files.read(file).flatMap { pid_t(String(decoding: $0.dropLast(), as: UTF8.self)) })
    #expect(kill(number, 0) == 0)
    child = nil
    #expect(kill(number, 0) == -1 && errno == ESRCH)
  }

  @Test("have no signal blocked or ignored that this process has") func signals() throws {
    signal(SIGPIPE, SIG_IGN)
    var blocked = sigset_t()
    var before = sigset_t()
    sigemptyset(&blocked)
    sigaddset(&blocked, SIGTERM)
    pthread_sigmask(SIG_BLOCK, &blocked, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    let end = try run("kill -TERM $$; exit 0")
    #expect(end.code == 128 + SIGTERM)
    #expect(try run("kill -PIPE $$; exit 0").code == 128 + SIGPIPE)
  }

  @Test("end with the thread that started them") func parent() throws {
    #if canImport(Glibc)
    let holder = Holder()
    let thread = try SystemThread {
      holder.child = try? ChildProcess("/bin/sh", ["-c", "exec sleep 1000"], environment: ["PATH=/bin:/usr/bin"])
    }
    thread.join()
    let child = try #require(holder.child)
    #expect(child.wait { true }.code == 128 + SIGTERM)
    #endif
  }
}

/// Safety: written by a thread that is joined before it is read.
private final class Holder: @unchecked Sendable {
  var child: ChildProcess?
}
