"""Rank entries that can be recomputed from their samples."""
