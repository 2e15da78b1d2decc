// Placeholder until the first file of Bench stands.
