"""Simulation: requests through the tiers and the database, minute by minute, with waits and refusals."""
