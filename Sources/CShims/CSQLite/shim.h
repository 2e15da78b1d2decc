#include <sqlite3.h>

/* What Swift cannot import: variadic functions and macros that cast. */

/* Once a process, before the first connection: no global memory statistics (a mutex on every allocation). */
static inline int martlet_sqlite_initialize(void) {
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  return sqlite3_initialize();
}

/* A connection that no statement can use to damage the file format; "x" is never a string. */
static inline int martlet_sqlite_defend(sqlite3 *db) {
  int rc = sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)0);
  if (rc == SQLITE_OK) rc = sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, (int *)0);
  return rc;
}

/* The bytes are copied. */
static inline int martlet_sqlite_bind_text(sqlite3_stmt *statement, int index, const void *bytes, sqlite3_uint64 count) {
  return sqlite3_bind_text64(statement, index, bytes ? (const char *)bytes : "", count, SQLITE_TRANSIENT, SQLITE_UTF8);
}

/* The bytes are copied. */
static inline int martlet_sqlite_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, sqlite3_uint64 count) {
  return sqlite3_bind_blob64(statement, index, bytes ? bytes : "", count, SQLITE_TRANSIENT);
}
