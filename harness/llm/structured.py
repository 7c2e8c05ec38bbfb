"""A reply's text as a checked value, mended where what it says is certain, never guessed.

A value of the wrong type or range is no answer: 7 of 0 to 5 is not 5, and "4" is not 4.
"""

from __future__ import annotations

import json
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from rarft.harness.errors import ReplyError
from rarft.harness.llm.json_in_text import objects_in

LONGEST_SHOWN = 60
Schema = TypeVar("Schema", bound=BaseModel)


def read_value(text: str, schema: type[Schema]) -> Schema:
    """Read an answer from a reply.

    Understood are JSON and Python literals, in code fences or prose, with trailing commas or
    typographic quotes, after a `</think>`, and a bare list or number where the schema has one
    field. Several different answers are none.

    Raises:
        ReplyError: no such answer is there; the message says in a few words what is.

    Example:
        >>> from pydantic import Field
        >>> class Score(BaseModel):
        ...     score: float = Field(ge=0, le=5)
        >>> read_value("Here you are: {'score': 4.5,}", Score)
        Score(score=4.5)
        >>> read_value('{"score": 7}', Score)
        Traceback (most recent call last):
        ...
        rarft.harness.errors.ReplyError: got 7 for score: input should be less than or equal to 5
    """
    found: list[Schema] = []
    faults: list[str] = []
    for content in objects_in(text):
        try:
            value = _checked(content, schema)
        except ValidationError as error:
            faults.append(_first_fault(error))
        else:
            if value not in found:
                found.append(value)
    if len(found) == 1:
        return found[0]
    if found:
        raise ReplyError(f"got {len(found)} different answers, expected one")
    if faults:
        raise ReplyError(faults[0])
    raise ReplyError("got an empty reply" if not text.strip() else "got no JSON in the reply")


def _checked(content: Any, schema: type[Schema]) -> Schema:
    fields = list(schema.model_fields)
    is_bare = isinstance(content, list | int | float) and not isinstance(content, bool)
    if is_bare and len(fields) == 1:
        content = {schema.model_fields[fields[0]].alias or fields[0]: content}
    return schema.model_validate_json(json.dumps(content), strict=True)


def _first_fault(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False)[0]
    where = ".".join(map(str, first["loc"]))
    if first["type"] == "missing":
        return f"got no field {where}"
    shown = json.dumps(first["input"], default=str)
    if len(shown) > LONGEST_SHOWN:
        shown = shown[:LONGEST_SHOWN] + "..."
    message = first["msg"][0].lower() + first["msg"][1:]
    return f"got {shown}{' for ' + where if where else ''}: {message}"
