"""Benchmarks: one task YAML each, and the loaders that read their annotations."""
