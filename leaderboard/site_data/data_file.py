"""Write a record twice: as JSON, and as a script that a page can load from a file:// address.

Within strings, everything that could end a script or begin a tag is escaped, so that the text is
safe in a script element too, whatever an entry says.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from rarft.harness.atomic_file import write_atomic

SCHEMA_VERSION: Final = 1
_ESCAPED: Final = str.maketrans(
    {
        "<": "\\u003c",
        ">": "\\u003e",
        "&": "\\u0026",
        "\u2028": "\\u2028",
        "\u2029": "\\u2029",
    }
)


def data_text(record: Mapping[str, Any]) -> str:
    r"""Return a record as JSON that is also safe within a script.

    Raises:
        ValueError: a number is not finite.

    Example:
        >>> data_text({"reply": "</script>"})
        '{"reply":"\\u003c/script\\u003e"}'
    """
    text = json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # None of these characters stands outside a string in JSON.
    return text.translate(_ESCAPED)


def write_data(data: Path, place: str, key: str, record: Mapping[str, Any]) -> None:
    """Write `<place>.json` and `<place>.js` below a data folder.

    Raises:
        UserError: a file cannot be written.
        ValueError: a number is not finite.
    """
    text = data_text(record)
    for ending, content in (
        ("json", f"{text}\n"),
        ("js", f"rarft.receive({data_text_of(key)},{text});\n"),
    ):
        # A lone surrogate, which a reply may hold, has no bytes.
        write_atomic(data / f"{place}.{ending}", content.encode("utf-8", errors="replace"))


def data_text_of(text: str) -> str:
    """Return a text as a JSON string that is also safe within a script."""
    return json.dumps(text, ensure_ascii=False).translate(_ESCAPED)
