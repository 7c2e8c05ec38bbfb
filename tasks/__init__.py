"""Benchmarks: one task YAML each, and the loaders that read their annotations."""

from rarft.tasks.annotation_files import annotation_file
from rarft.tasks.load_report import QUIRKS, LoadReport
from rarft.tasks.official import load, read_queries

__all__ = ["QUIRKS", "LoadReport", "annotation_file", "load", "read_queries"]
