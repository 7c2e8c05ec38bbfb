"""Judges: each a function over a stored reply, named and versioned in every result."""
