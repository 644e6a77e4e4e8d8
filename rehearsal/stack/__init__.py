"""Drives one stack on the real engine: its workspace, the engine's commands, and what they report."""
