"""The AWS API of a rehearsal: a local server for operators' tools, into which the simulated cloud is mirrored."""
