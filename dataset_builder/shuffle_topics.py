"""Sentences of unrelated topics, for sets whose irrelevant queries are out of the domain."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from itertools import product
from pathlib import Path

from rarft.harness.errors import NotFoundError, UserError


def topic_sentences() -> list[str]:
    """Return the sentences that come with the package, in a fixed order.

    Example:
        >>> topic_sentences()[0]
        'a geologist inspects a coral reef.'
    """
    import yaml

    text = files("rarft.dataset_builder").joinpath("shuffle_topics.yaml").read_text("utf-8")
    return [sentence for topic in yaml.safe_load(text) for sentence in _sentences(topic)]


def read_sentences(path: Path) -> list[str]:
    """Return the sentences of a file: one a line, or JSON objects with a `sentence`.

    Raises:
        NotFoundError: there is no such file.
        UserError: a line is neither, or the file is no text.
    """
    if not path.is_file():
        raise NotFoundError(f"got {path}, expected a file with one sentence a line; mend the path")
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except UnicodeDecodeError as error:
        raise UserError(
            f"got {path} that is no text ({error.reason}), expected UTF-8; write it again"
        ) from error
    return [_sentence(line, f"{path}:{n}") for n, line in enumerate(lines, start=1) if line]


def _sentence(line: str, where: str) -> str:
    if not line.startswith("{"):
        return line
    try:
        sentence = json.loads(line)["sentence"]
    except (ValueError, KeyError) as error:
        raise UserError(
            f"got {where} that holds no sentence ({error}), expected a text or a JSON object with "
            "a key `sentence`; mend the line"
        ) from error
    return str(sentence)


def _sentences(topic: Mapping[str, Sequence[str] | str]) -> Iterator[str]:
    names = [name for name in topic if name != "pattern"]
    for words in product(*(topic[name] for name in names)):
        yield str(topic["pattern"]).format(**dict(zip(names, words, strict=True))) + "."
