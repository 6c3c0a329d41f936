"""The ways to misbehave, by layer: `registry` says what a fault is, `library` holds all that have a name."""
