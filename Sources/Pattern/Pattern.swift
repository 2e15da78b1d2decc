// Placeholder until the first file of Pattern stands.
