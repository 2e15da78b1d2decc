import Crypto
import TestSupport
import Testing

@testable import Identity

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

@Suite struct ServiceKeyTests {
  @Test func makesAKeyOnceAndFindsItAgain() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let data = "\(folder.path)"
    let first = try ServiceKey.load(in: data)
    let second = try ServiceKey.load(in: data)
    #expect(first.id == second.id)
    #expect(first.secret(.etag) == second.secret(.etag))
    #expect(folder.names == [ServiceKey.fileName], "no draft is left behind")
    var info = stat()
    #expect(stat("\(data)/\(ServiceKey.fileName)", &info) == 0)
    #expect(info.st_mode & 0o777 == 0o600)
  }

  @Test func makesTheFolderWhereOnlyThatIsMissing() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let data = "\(folder.path)/data"
    _ = try ServiceKey.load(in: data)
    unlink("\(data)/\(ServiceKey.fileName)")
    rmdir(data)
    #expect(throws: KeyFileError.self) { try ServiceKey.load(in: "\(folder.path)/a/b") }
  }

  @Test func aSharedKeyIsReadFromAFileOrFromATextAndNeverMade() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let pem = try SigningKey.generate(.ed25519).pem()
    let text = try ServiceKey.load(.text(String(decoding: pem, as: UTF8.self)))
    for mode in [0o600, 0o400, 0o440, 0o640] as [mode_t] {
      folder.write("key\(mode)", pem, mode: mode)
      #expect(try ServiceKey.load(.file("\(folder.path)/key\(mode)")).id == text.id)
    }
    // As containers mount secrets.
    #expect(symlink("\(folder.path)/key\(0o400)", "\(folder.path)/link") == 0)
    #expect(try ServiceKey.load(.file("\(folder.path)/link")).id == text.id)
    for mode in [0o604, 0o444, 0o660] as [mode_t] {
      folder.write("open\(mode)", pem, mode: mode)
      #expect(throws: KeyFileError.self) { try ServiceKey.load(.file("\(folder.path)/open\(mode)")) }
    }
    #expect(throws: KeyFileError.self) { try ServiceKey.load(.file("\(folder.path)/missing")) }
    #expect(!folder.names.contains("missing"))
    #expect(throws: KeyFileError.self) { try ServiceKey.load(.file(folder.path)) }
  }

  @Test(arguments: ["", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", String(repeating: "x", count: 20_000)])
  func aTextThatIsNoKeyIsRefusedWithoutShowingIt(text: String) throws {
    let error = #expect(throws: KeyFileError.self) { try ServiceKey.load(.text(text)) }
    #expect(error?.path == "MARTLET_SIGNING_KEY" && (text.isEmpty || error?.reason.contains(text) == false))
  }

  @Test func secretsDiffer() throws {
    let key = try ServiceKey.ephemeral()
    let secrets = [ServiceKey.Purpose.etag, .cursor, .idempotency].map { key.secret($0) }
    #expect(Set(secrets).count == 3)
    #expect(secrets.allSatisfy { $0.count == 32 })
    #expect(try ServiceKey.ephemeral().secret(.etag) != key.secret(.etag))
  }

  @Test(arguments: [0o644, 0o640, 0o604, 0o660])
  func refusesAFileThatOthersMayRead(mode: Int) throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    folder.write(ServiceKey.fileName, try SigningKey.generate(.ed25519).pem(), mode: mode_t(mode))
    let error = #expect(throws: KeyFileError.self) { try ServiceKey.load(in: folder.path) }
    #expect(error?.reason.contains("others may read it") == true)
  }

  @Test func refusesABrokenFileAndLeavesItAsItIs() throws {
    let other = try SigningKey.generate(.p256).pem()
    let good = try SigningKey.generate(.ed25519).pem()
    for bytes in [[], Array("hello".utf8), other, Array(good.dropLast(40)), good + good, [UInt8](repeating: 0x41, count: 20_000)] {
      let folder = try TemporaryFolder()
      defer { folder.remove() }
      let path = folder.write(ServiceKey.fileName, bytes)
      #expect(throws: KeyFileError.self) { try ServiceKey.load(in: folder.path) }
      #expect(Files.read(path) == bytes)
    }
  }

  @Test func refusesALinkAFolderAndAPipe() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let path = "\(folder.path)/\(ServiceKey.fileName)"
    let real = folder.write("real", try SigningKey.generate(.ed25519).pem())
    symlink(real, path)
    #expect(throws: KeyFileError.self) { try ServiceKey.load(in: folder.path) }
    unlink(path)
    mkdir(path, 0o700)
    #expect(throws: KeyFileError.self) { try ServiceKey.load(in: folder.path) }
    rmdir(path)
    mkfifo(path, 0o600)
    #expect(throws: KeyFileError.self) { try ServiceKey.load(in: folder.path) }
  }

  @Test func aFileMadeInTheSameMomentStays() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let path = folder.write(ServiceKey.fileName, Array("theirs".utf8))
    try KeyFile.create(path, content: Array("ours".utf8), mark: "draft")
    #expect(Files.read(path) == Array("theirs".utf8))
    #expect(folder.names == [ServiceKey.fileName])
  }
}
