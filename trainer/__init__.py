"""Refusal-aware reinforcement fine-tuning on maintained libraries."""
