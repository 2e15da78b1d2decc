import Backup
import TestSupport
import Testing

@testable import PostgresStore

@Suite("The programs of a PostgreSQL server") struct ClusterToolsTests {
  private func program(_ folder: TemporaryFolder, _ name: String, says words: String) {
    folder.write(name, Array("#!/bin/sh\necho '\(words)'\n".utf8), mode: 0o700)
  }

  private func found(_ version: Int, _ programs: [String], in folder: TemporaryFolder) -> Result<ClusterTools, BackupError> {
    do throws(BackupError) {
      return .success(try ClusterTools(version: version, programs: programs, environment: ["PATH": "relative:\(folder.path):/nowhere"]))
    } catch {
      return .failure(error)
    }
  }

  @Test("are found together, of one version; what is missing is named, with what to install") func found() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    program(folder, "pg_one", says: "pg_one (PostgreSQL) 99.4 (Debian 99.4-1)")
    program(folder, "pg_two", says: "pg_two (PostgreSQL) 99.4")
    #expect(try found(99, ["pg_one", "pg_two"], in: folder).get().path("pg_two") == folder.path + "/pg_two")
    guard case .failure(let missing) = found(99, ["pg_one", "pg_three"], in: folder),
      case .failure(let other) = found(98, ["pg_one"], in: folder)
    else {
      Issue.record("they were found")
      return
    }
    #expect(
      missing.code == .unavailable && missing.message.contains("pg_one, pg_three") && missing.message.contains("postgresql-client-99"))
    #expect(other.code == .unavailable && other.message.contains("but those of 99"))
  }

  @Test(
    "say their version in many ways",
    arguments: [
      ("pg_ctl (PostgreSQL) 15.4 (Debian 15.4-1)", 15), ("psql (PostgreSQL) 18beta1", 18), ("postgres (PostgreSQL) 9.6.2", 9), ("", nil),
      ("no word", nil), ("x 99999999999999999999999", nil),
    ] as [(String, Int?)]) func version(text: String, version: Int?)
  {
    #expect(ClusterTools.major(text) == version)
  }

  @Test("get what is said in a URL, and no password") func address() throws {
    let address = try ClusterAddress("postgres://us%27er:p%20w@host.example:5433/d%5Cb?sslmode=verify-full&options=-c%20a%3Db")
    #expect(address.password == "p w" && address.user == "us'er" && address.database == "d\\b")
    let text = address.connection([("application_name", "x"), ("connect_timeout", "3")])
    #expect(text.contains("user='us\\'er'") && text.contains("dbname='d\\\\b'") && text.contains("sslmode='verify-full'"))
    #expect(text.contains("application_name='x'") && !text.contains("p w") && !text.contains("options="))
    #expect(try ClusterAddress("postgres://h/d?password=secret").password == "secret")
    #expect(try !ClusterAddress("postgres://h/d?password=secret").connection().contains("secret"))
    #expect(throws: BackupError.self) { try ClusterAddress("postgres://h/d?sslpassword=secret") }
    #expect(throws: BackupError.self) { try ClusterAddress("postgres://h/d?nonsense=1") }
  }
}
