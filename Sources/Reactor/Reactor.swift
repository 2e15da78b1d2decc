// Placeholder until the first file of Reactor stands.
