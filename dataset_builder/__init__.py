"""Build hard-irrelevant grounding data from any grounding annotation."""
