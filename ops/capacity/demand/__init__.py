"""Demand: requests a second at load 1, their processor time, and the load of each minute with demand spikes."""
