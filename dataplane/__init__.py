"""Runs the rendered configuration of a stack as processes on this machine: a library for tests and the benchmark.

Imports go down only: `store` -> `processes` -> `clients` and `substitutes`; `clients` -> `samples`;
`substitutes` -> `packages`.
"""
