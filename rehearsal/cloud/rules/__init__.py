"""What AWS refuses beyond names and types: `static` by the inputs alone, `live` by what exists, and deletes."""
