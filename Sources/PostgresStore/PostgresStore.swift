// Placeholder until the first file of PostgresStore stands.
