"""The parts of the image store, one public component a module, pure decisions in plain functions beside it."""
