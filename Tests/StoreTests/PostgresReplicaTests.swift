import Base
import Store
import Testing

@testable import PostgresStore

/// What is known of standbys, without any.
@Suite struct PostgresReplicaTests {
  @Test(
    arguments: [
      ("0/0", 0), ("0/16B3748", 0x16B_3748), ("16/B374D848", 0x16_B374_D848), ("FFFFFFFF/ffffffff", .max), ("", nil), ("/", nil),
      ("1", nil), ("1/", nil), ("1/2/3", nil), ("1/-2", nil), ("+1/2", nil), ("123456789/0", nil), ("1/x", nil), ("1/\u{661}", nil),
    ] as [(String, UInt64?)]) func positionsAreReadAsTheServerWritesThem(text: String, number: UInt64?)
  {
    #expect(LogPosition.number(text) == number)
  }

  @Test func whatAStateLacksIsNoOlderThanTheLastAnswerThatItHas() {
    var history = PrimaryHistory()
    #expect(history.missingSince(100) == nil)
    for (time, position) in [(10, 100), (20, 100), (30, 150), (40, 200)] as [(UInt64, UInt64)] { history.note(position, askedAt: time) }
    #expect(history.missingSince(99) == nil)
    #expect(history.missingSince(100) == 20)
    #expect(history.missingSince(149) == 20)
    #expect(history.missingSince(150) == 30)
    #expect(history.missingSince(200) == 40)
    #expect(history.missingSince(.max) == 40)
  }

  @Test func aLogThatWentBackIsAnothers() {
    var history = PrimaryHistory()
    history.note(500, askedAt: 10)
    history.note(400, askedAt: 20)
    #expect(history.missingSince(399) == nil)
    #expect(history.missingSince(450) == 20)
  }

  @Test func theHistoryHasABound() {
    var history = PrimaryHistory()
    for step in 0..<UInt64(5000) { history.note(step, askedAt: step) }
    #expect(history.missingSince(4998) == 4998)
    #expect(history.missingSince(5000 - UInt64(PrimaryHistory.samplesMax)) == nil)
  }

  @Test func aRequestStaysWithItsReplica() {
    let place = ReadPlace(position: 7)
    #expect(place.replica { 3 } == 3)
    #expect(place.replica { 4 } == 3)
    place.leaveReplica()
    #expect(place.replica { 4 } == nil)
    let other = ReadPlace(position: 0)
    #expect(other.replica { nil } == nil)
    #expect(other.replica { 1 } == nil)
  }

  @Test func aReceiptKeepsTheLastOfSeveralCommits() {
    let receipt = WriteReceipt()
    #expect(receipt.position == nil)
    receipt.note(9)
    receipt.note(5)
    #expect(receipt.position == 9)
    receipt.note(WriteReceipt.unknown)
    receipt.note(10)
    #expect(receipt.position == WriteReceipt.unknown)
  }
}
