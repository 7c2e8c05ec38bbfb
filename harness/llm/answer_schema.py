"""The form an answer is asked for in: its JSON schema, as far as the server knows schemas."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

from pydantic import BaseModel

from rarft.harness.llm.settings import ResponseFormat

ReplyFormat = Literal["json_schema", "json_object", "text"]

# Strict structured output knows no schema with one of these.
_NOT_STRICT = ("prefixItems", "oneOf", "allOf", "not", "patternProperties")
_LEFT_OUT = ("title", "default")

N_TO_TELL = 5
_NEXT: dict[ReplyFormat, ReplyFormat] = {"json_schema": "json_object", "json_object": "text"}


def response_format_for(schema: type[BaseModel], kind: ReplyFormat) -> dict[str, Any] | None:
    """Return the `response_format` of a chat request whose answer must fit a schema.

    None where the reply is free text: the schema is then told in the prompt.

    Example:
        >>> class Score(BaseModel):
        ...     score: float
        >>> response_format_for(Score, "json_schema")["json_schema"]["schema"]["required"]
        ['score']
        >>> response_format_for(Score, "json_object")
        {'type': 'json_object'}
    """
    if kind == "text":
        return None
    if kind == "json_object":
        return {"type": "json_object"}
    content = answer_schema(schema)
    named = {"name": schema.__name__, "schema": content, "strict": _is_strict(content)}
    return {"type": "json_schema", "json_schema": named}


@cache
def answer_schema(schema: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON schema with every field required and no others allowed."""
    closed: dict[str, Any] = _closed(schema.model_json_schema())
    return closed


def _closed(node: Any) -> Any:
    if isinstance(node, list):
        return [_closed(child) for child in node]
    if not isinstance(node, dict):
        return node
    if "enum" in node or "const" in node:
        return {key: value for key, value in node.items() if key not in _LEFT_OUT}
    closed: dict[str, Any] = {}
    for key, value in node.items():
        if key in ("properties", "$defs"):
            closed[key] = {name: _closed(child) for name, child in value.items()}
        elif key not in _LEFT_OUT:
            closed[key] = _closed(value)
    if "properties" in closed:
        closed |= {"required": list(closed["properties"]), "additionalProperties": False}
    return closed


def _is_strict(node: Any) -> bool:
    if isinstance(node, list):
        return all(_is_strict(child) for child in node)
    if not isinstance(node, dict):
        return True
    if any(key in node for key in _NOT_STRICT):
        return False
    is_open = node.get("type") == "object" and node.get("additionalProperties") is not False
    return not is_open and all(_is_strict(child) for child in node.values())


class FormatMemory:
    """The format to ask for: with auto a JSON schema first, then any JSON object, then text.

    A server that says it does not know a format, or whose first answers in it are all unusable, is
    asked for the next one.
    """

    def __init__(self, wanted: ResponseFormat) -> None:
        self._is_fixed = wanted != "auto"
        self.current: ReplyFormat = "json_schema" if wanted == "auto" else wanted
        self._n_unusable = 0
        self._is_proven = False

    def can_fall_back(self, used: ReplyFormat) -> bool:
        """Say whether another format is left after one that the server refused."""
        return not self._is_fixed and (used != self.current or used in _NEXT)

    def refused(self, used: ReplyFormat) -> None:
        """Go on to the next format, unless another call has done so since."""
        if used == self.current and not self._is_fixed and used in _NEXT:
            self.current = _NEXT[used]
            self._n_unusable = 0
            self._is_proven = False

    def answered(self, used: ReplyFormat, *, usable: bool) -> None:
        """Learn from one answer."""
        if used != self.current or self._is_proven:
            return
        self._is_proven = usable
        self._n_unusable += not usable
        if self._n_unusable >= N_TO_TELL:
            self.refused(used)
