"""The sources of annotations that `rarft-data` reads, one file each."""

from rarft.dataset_builder.sources.every_source import SOURCES
from rarft.dataset_builder.sources.source import Source

__all__ = ["SOURCES", "Source"]
