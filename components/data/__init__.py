"""Where images and their index are stored."""
