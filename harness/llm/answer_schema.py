"""The JSON schema of an answer, as servers with structured output want it."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

from pydantic import BaseModel

ReplyFormat = Literal["json_schema", "json_object", "text"]

# Strict structured output knows no schema with one of these.
_NOT_STRICT = ("prefixItems", "oneOf", "allOf", "not", "patternProperties")
_LEFT_OUT = ("title", "default")


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
