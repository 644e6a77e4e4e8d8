"""What AWS refuses beyond names and types of properties: `static` by the inputs alone, `live` by what exists, `deletion`."""
