// Placeholder until the first file of REST stands.
