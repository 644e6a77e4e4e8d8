"""What the commands of a study's end share: the engine, the phase, the stack's facts, and records in the archive."""
