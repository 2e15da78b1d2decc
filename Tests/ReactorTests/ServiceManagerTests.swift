import Reactor
import Testing

/// What systemd hands over, by the variables of sd_listen_fds(3).
@Suite struct ServiceManagerTests {
  private func sockets(_ variables: [String: String]) -> [String] {
    ServiceManager({ variables[$0] }, process: 42).sockets.map { "\($0.name) \($0.address)" }
  }

  @Test func socketsAreCountedFromDescriptorThree() {
    #expect(sockets(["LISTEN_PID": "42", "LISTEN_FDS": "2"]) == [" descriptor 3", " descriptor 4"])
    #expect(
      sockets(["LISTEN_PID": "42", "LISTEN_FDS": "3", "LISTEN_FDNAMES": "api:operations"])
        == ["api descriptor 3", "operations descriptor 4", " descriptor 5"])
  }

  @Test(arguments: [
    [:], ["LISTEN_FDS": "1"], ["LISTEN_PID": "41", "LISTEN_FDS": "1"], ["LISTEN_PID": "42"], ["LISTEN_PID": "42", "LISTEN_FDS": "0"],
    ["LISTEN_PID": "42", "LISTEN_FDS": "-1"], ["LISTEN_PID": "42", "LISTEN_FDS": "x"], ["LISTEN_PID": "", "LISTEN_FDS": "1"],
  ]) func whatIsNotMeantForThisProcessIsLeftAlone(variables: [String: String]) {
    #expect(sockets(variables) == [])
  }

  @Test func thereAreNotMoreThanAreTaken() {
    #expect(sockets(["LISTEN_PID": "42", "LISTEN_FDS": "9223372036854775807"]).count == 64)
  }

  /// A descriptor that is no listening socket is an error, not a crash at the first connection.
  @Test func whatDoesNotListenIsRefused() {
    #expect(throws: ReactorError.self) { try ListenSocket.open(.inherited(descriptor: 0), count: 1, backlog: 1) }
    #expect(throws: ReactorError.self) { try ListenSocket.open(.inherited(descriptor: 987), count: 1, backlog: 1) }
  }

  @Test(arguments: ["", "relative", "@", String(repeating: "a", count: 300), "@" + String(repeating: "a", count: 300), "/nowhere/at/all"])
  func anAddressThatIsNoneIsNotTold(address: String) {
    ServiceManager({ $0 == "NOTIFY_SOCKET" ? address : nil }, process: 42).tell(.ready, monotonicNanoseconds: 0)
  }
}
