import Store

/// The driver's own statements. Everything else comes ready from the builder.
enum EngineSQL {
  static let begin: StaticString = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
  static let beginReading: StaticString = "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY"
  /// Everything that it reads is of one moment.
  static let beginSequence: StaticString = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
  static let commit: StaticString = "COMMIT"
  static let rollback: StaticString = "ROLLBACK"
  static let position: StaticString = "SELECT pg_current_wal_lsn()"
  /// Of a standby; null on any other server.
  static let replayed: StaticString = "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()::text END"
  static let ping: StaticString = "SELECT 1"
  /// As a guard: whether a transaction of this session may write.
  static let writable: StaticString = "SELECT CASE current_setting('transaction_read_only') WHEN 'off' THEN 0 ELSE 2 END"

  /// Makes the two functions that let a pipelined transaction refuse itself, where they are not there yet. Many processes may
  /// start at once: the lock makes one of them do it. On a standby there is nothing to do.
  ///
  /// `martlet_guard` raises SQLSTATE `MT0nn` for a code other than 0, `MT001` for none; `martlet_expect` raises `MT999` with the
  /// number of rows.
  static let prepareDatabase: StaticString = """
    DO $martlet$
    BEGIN
      IF pg_is_in_recovery()
        OR (to_regprocedure('martlet_guard(integer)') IS NOT NULL AND to_regprocedure('martlet_expect(bigint)') IS NOT NULL)
      THEN RETURN; END IF;
      PERFORM pg_advisory_xact_lock(1296126067, hashtext(current_schema()));
      CREATE OR REPLACE FUNCTION martlet_guard(code integer) RETURNS integer LANGUAGE plpgsql VOLATILE AS $body$
      BEGIN
        IF code = 0 THEN RETURN 0; END IF;
        RAISE EXCEPTION 'a guard refused' USING ERRCODE = 'MT' || lpad(least(greatest(coalesce(code, 1), 1), 998)::text, 3, '0');
      END $body$;
      CREATE OR REPLACE FUNCTION martlet_expect(changed bigint) RETURNS integer LANGUAGE plpgsql VOLATILE AS $body$
      BEGIN
        RAISE EXCEPTION '%', changed USING ERRCODE = 'MT999';
      END $body$;
    END $martlet$
    """

  /// Definitions may take long, and run one process at a time.
  static let lockDefinitions: StaticString = "SELECT pg_advisory_xact_lock(1296126068, hashtext(current_schema()))"

  /// The same lock, held by the session until it ends. Asked for without waiting: who waits holds a snapshot, and an index that is
  /// built online waits for that.
  static let tryDefinitions: StaticString =
    "SELECT CASE WHEN pg_try_advisory_lock(1296126068, hashtext(current_schema())) THEN '1' ELSE '0' END"

  static func limitStatements(milliseconds: UInt64) -> String { "SET LOCAL statement_timeout = \(milliseconds)" }
  static func limitLocks(milliseconds: UInt64) -> String { "SET LOCAL lock_timeout = \(milliseconds)" }

  /// Settings that hold until the transaction ends, in one statement. They come from the store's URL and options.
  static func settings(_ settings: [(name: String, value: String)]) -> String {
    "SELECT " + settings.map { "set_config(\(literal($0.name)), \(literal($0.value)), true)" }.joined(separator: ", ")
  }

  private static func literal(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
  }

  /// `name` is one of `StatementCache`'s own.
  static func deallocate(_ name: String) -> String { "DEALLOCATE \(name)" }

  /// A builder's statement in the form it is prepared in.
  static func text(_ statement: Statement, as form: StatementKey.Form) -> String {
    let text = statement.text
    return switch form {
    case .plain: text
    case .shared: statement.shared ?? text
    case .guarding: "SELECT martlet_guard((\(text))::int)"
    // The count stands in a subquery of its own, so that the change runs once and to its end before it is judged.
    case .counted(let rows):
      "WITH martlet_change AS (\(text) RETURNING 1) SELECT CASE WHEN changed = \(rows) THEN 0 ELSE martlet_expect(changed) END "
        + "FROM (SELECT count(*) AS changed FROM martlet_change) AS counted"
    }
  }
}
