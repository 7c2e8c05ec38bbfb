"""VTG-IT: TimeIT's kind of instructions, with times in tokens of one digit each.

    {"video": "charades/videos/AO8RW.mp4", "QA": [{"q": "... the textual query 'person laughs' ...",
      "a": "The given query happens in <TIME_ZERO><TIME_ONE><TIME_TWO><TIME_DOT><TIME_FIVE> -
            <TIME_ZERO><TIME_TWO><TIME_ZERO><TIME_DOT><TIME_ZERO> seconds."}]}

The tokens are those VTG-LLM's code turns to digits; no file of the set was at hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from rarft.dataset_builder.sources.instruction_qa import read_instructions
from rarft.dataset_builder.sources.items import Location
from rarft.dataset_builder.sources.source import Source
from rarft.dataset_builder.types import Rejected
from rarft.harness.types import Query

_TOKEN: Final = re.compile(
    r"\s?<TIME_(ZERO|ONE|TWO|THREE|FOUR|FIVE|SIX|SEVEN|EIGHT|NINE|DOT)>(?:\s(?=<TIME_))?"
)
_TOKENS: Final = re.compile(rf"(?:{_TOKEN.pattern})+")
_DIGITS: Final = {
    name: str(digit)
    for digit, name in enumerate(
        ("ZERO", "ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN", "EIGHT", "NINE")
    )
} | {"DOT": "."}


def read(path: Location, *, split: str) -> Iterator[Query | Rejected]:
    """Yield the queries of a file of instructions.

    Raises:
        UserError: the file cannot be read.
    """
    return read_instructions(path, source=VTG_IT.name, split=split, plain=without_time_tokens)


def without_time_tokens(text: str) -> str:
    """Return a text with its time tokens written as numbers.

    Example:
        >>> without_time_tokens("in <TIME_ZERO><TIME_ONE><TIME_TWO><TIME_DOT><TIME_FIVE> seconds")
        'in 012.5 seconds'
    """
    return _TOKENS.sub(
        lambda found: " " + "".join(_DIGITS[name] for name in _TOKEN.findall(found[0])), text
    )


VTG_IT = Source(
    name="vtg_it",
    title="VTG-IT-120K",
    licence="Apache-2.0",
    citation="Guo et al., VTG-LLM: Integrating Timestamp Knowledge into Video LLMs for Enhanced "
    "Video Temporal Grounding, AAAI 2025, and the set a file holds",
    url="https://huggingface.co/datasets/Yongxin-Guo/VTG-IT",
    redistributable=True,
    verified=False,
    read=read,
)
