// Placeholder until the first file of Martlet stands.
