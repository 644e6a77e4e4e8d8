"""What AWS rejects beyond names and types: by the inputs alone (`static`), by what exists (`live`), and on delete."""
