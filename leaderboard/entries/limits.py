"""How large an entry and its parts may be.

Each limit is well above what a run of the largest benchmark needs, and far below what would fill
the memory or the disk of whoever reads an entry. An entry of 35,000 queries whose replies
are a line takes about 2 MB.
"""

from __future__ import annotations

from typing import Final

KIB: Final = 1024
MIB: Final = 1024 * KIB

MAX_MANIFEST_BYTES: Final = 256 * KIB
"""A line is about 120 bytes, so a hundred tasks take 12 KiB."""
MAX_ABOUT_BYTES: Final = 64 * KIB
"""Nine texts, of which the longest has 2,000 characters of at most 12 bytes each."""
MAX_RESULTS_BYTES: Final = 8 * MIB
"""A task with its floors and slices takes about 50 KiB."""
MAX_TRAIN_BYTES: Final = 4 * MIB
"""A recipe and the names of the videos that could not be read."""
MAX_SAMPLES_BYTES: Final = 128 * MIB
"""One Parquet file on disk; it is read into memory whole, so that what was hashed is parsed."""
MAX_ENTRY_BYTES: Final = 256 * MIB
"""All files of an entry together; they are in memory at once."""

MAX_TASKS: Final = 100
"""The package has nine; a page with more columns than this is not readable."""
MAX_QUERIES: Final = 200_000
"""Rows of one entry, over all tasks; the largest known task has 35,000."""
MAX_JSON_DEPTH: Final = 16
"""results.json nests 7 deep; Python's own reader would recurse until the stack ends."""
MAX_JSON_VALUES: Final = 400_000
"""Values of one JSON file: 8 MiB of empty lists would take 300 MB of memory."""
MAX_INTEGER_DIGITS: Final = 18
"""What fits 64 bits; a longer integer is no count, and slow to read."""

MAX_ROW_GROUPS: Final = 256
"""`submit` writes 8,192 rows a group, so 25 for the most rows allowed."""
MAX_FOOTER_BYTES: Final = 1 * MIB
"""A footer takes about 1 KiB a row group."""
MAX_UNPACKED_BYTES: Final = 512 * MIB
"""What all pages of an entry say they unpack to; 35,000 queries take about 20 MB."""
MAX_PAGE_BYTES: Final = 64 * MIB
"""One page unpacked: its buffer is made before a byte of it is unpacked. `submit` writes
pages of 1 MiB, or of 32 texts where these are longer."""

MAX_REPLY_BYTES: Final = 256 * KIB
"""A reply of 32,768 tokens takes about 130 KB."""
MAX_CELL_BYTES: Final = 1 * MIB
"""A prediction or the judgements of a query as JSON: a reply's words, with escapes."""
MAX_SPANS: Final = 2_000
"""Spans of one prediction; a reply as long as allowed that lists nothing else has more."""
MAX_TOKENS: Final = 100_000_000
MAX_FRAMES: Final = 10_000
"""Frames of one video; a packaged card shows at most 768, and a time is made of each."""
MAX_FPS: Final = 1_000.0
MAX_SECONDS: Final = 10_000_000.0
"""Four months for one reply."""

MAX_SLUG: Final = 64
MAX_TASK_NAME: Final = 100
MAX_QUERY_ID: Final = 200
MAX_NAME: Final = 100
"""A name stands in the first column of the table."""
MAX_LINE: Final = 300
"""A title, an address, a machine in words."""
MAX_TEXT: Final = 2_000
"""Free text."""
MAX_KEY: Final = 300
"""A key of results.json; the longest of ours has 60 characters."""
MAX_STRING: Final = 20_000
"""A text in results.json; the longest are prompts."""
MAX_RESAMPLES: Final = 100_000
"""Resamples that an entry may ask a verifier to repeat; the default is 10,000."""
