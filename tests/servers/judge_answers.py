"""What the loopback judge says: answers that fit the schema it is shown, by the content alone."""

from __future__ import annotations

import hashlib
import json
import random
from typing import Any

Json = dict[str, Any]

CATEGORIES = [
    "Action/ActionSequence",
    "Action/FineGrainedAction",
    "Object/ObjectExistence",
    "Scene/SceneExistence",
    "Attribute/Counting",
]
SCORE = {"type": "number", "minimum": 0, "maximum": 5}
BY_WORD: dict[str, Json] = {
    "relevan": {"relevance": {"type": "boolean"}},
    "categor": {"categories": {"type": "array", "items": {"enum": CATEGORIES}}},
    "scor": {"score": SCORE},
}


def conversation(body: Json) -> list[Json]:
    """Return the messages before the first answer: what a corrective question repeats."""
    messages: list[Json] = body["messages"]
    roles = [message["role"] for message in messages]
    end = roles.index("assistant") if "assistant" in roles else len(messages)
    return messages[:end]


def question_digest(body: Json) -> str:
    """Return the name of a question, the same for its repetitions and corrections."""
    text = json.dumps([body["model"], conversation(body)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def body_digest(body: Json) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def schema_in_format(body: Json) -> Json | None:
    wanted = body.get("response_format") or {}
    schema: Json | None = wanted.get("json_schema", {}).get("schema")
    return schema


def schema_in_prompt(body: Json) -> Json | None:
    """Return the last JSON schema that a message holds."""
    found = None
    for message in body["messages"]:
        if message["role"] == "assistant":
            continue
        text, start = message["content"], 0
        while (start := text.find("{", start)) >= 0:
            try:
                content, end = json.JSONDecoder().raw_decode(text, start)
            except ValueError:
                start += 1
                continue
            if isinstance(content, dict) and "properties" in content:
                found = content
            start = end
    return found


def schema_by_words(body: Json) -> Json:
    """Return the schema that the first message's words ask for, as the three-call protocol does."""
    text = body["messages"][0]["content"].lower()
    properties: Json = {}
    for word, fields in BY_WORD.items():
        if word in text:
            properties |= fields
    return {"type": "object", "properties": properties or {"score": SCORE}}


def schema_of(body: Json) -> Json:
    return schema_in_format(body) or schema_in_prompt(body) or schema_by_words(body)


def scripted_answer(body: Json, script: list[Json]) -> str:
    """Return what a script says to a question: of the first row whose text and field it has."""
    asked, fields = conversation(body)[-1]["content"], schema_of(body)["properties"]
    matching = (row for row in script if row["contains"] in asked and row["field"] in fields)
    return str(next(matching, {"content": ""})["content"])


def valid_answer(body: Json) -> Any:
    """Return an answer that fits, always the same for the same question."""
    schema = schema_of(body)
    rng = random.Random(question_digest(body))
    answer = example(schema, schema.get("$defs", {}), rng)
    # A judge of everything owes a refusal its score, which no schema of one field can say.
    if isinstance(answer, dict) and answer.get("relevance") == "irrelevant" and "score" in answer:
        answer["score"] = example_number(SCORE, rng)
    return answer


def example(node: Json, defs: Json, rng: random.Random) -> Any:
    """Draw a value that fits a schema node."""
    if "$ref" in node:
        return example(defs[node["$ref"].rpartition("/")[2]], defs, rng)
    for choices in ("anyOf", "oneOf"):
        if choices in node:
            return example(rng.choice(node[choices]), defs, rng)
    if "allOf" in node:
        return example(node["allOf"][0], defs, rng)
    if "const" in node:
        return node["const"]
    if "enum" in node:
        return rng.choice(node["enum"])
    kind = node.get("type", "object")
    if kind == "object":
        return example_object(node, defs, rng)
    if kind == "array":
        return example_array(node, defs, rng)
    if kind in ("number", "integer"):
        return example_number(node, rng)
    simple = {"boolean": rng.random() < 0.5, "null": None}
    return simple[kind] if kind in simple else f"because of {rng.randrange(1000)} things"


def example_object(node: Json, defs: Json, rng: random.Random) -> Json:
    """Draw every property; starts and ends are put in order."""
    content = {
        name: example(child, defs, rng) for name, child in node.get("properties", {}).items()
    }
    start, end = (
        next((name for name in content if name.startswith(word)), "") for word in ("start", "end")
    )
    bounds = [content.get(start), content.get(end)]
    if all(isinstance(bound, int | float) for bound in bounds):
        content[start], content[end] = sorted(bounds)  # type: ignore[type-var]
    return content


def example_array(node: Json, defs: Json, rng: random.Random) -> list[Any]:
    if "prefixItems" in node:
        values = [example(child, defs, rng) for child in node["prefixItems"]]
    else:
        least, most = node.get("minItems", 0), node.get("maxItems", node.get("minItems", 0) + 2)
        drawn = [example(node.get("items", {}), defs, rng) for _ in range(rng.randint(least, most))]
        values = [value for index, value in enumerate(drawn) if value not in drawn[:index]]
        if len(values) < least:
            values = drawn
    is_number = values and all(isinstance(value, int | float) for value in values)
    return sorted(values) if is_number else values


def example_number(node: Json, rng: random.Random) -> float:
    least = node.get("minimum", node.get("exclusiveMinimum", 0))
    most = node.get("maximum", node.get("exclusiveMaximum", least + 10))
    if node.get("type") == "integer":
        return rng.randint(int(least), int(most))
    return round(rng.uniform(least, most), 1)


def score_of_seven(body: Json) -> Any:
    """Return an answer whose every bounded number is 7, or more where 7 is allowed."""
    schema = schema_of(body)

    def spoil(node: Json) -> Json:
        if node.get("type") in ("number", "integer") and "maximum" in node:
            return {"const": max(7, node["maximum"] + 2)}
        return node

    return spoilt(schema, spoil, body)


def unknown_category(body: Json) -> Any:
    """Return an answer in which a list of categories names one that does not exist."""

    def spoil(node: Json) -> Json:
        items = node.get("items", {})
        if node.get("type") == "array" and ("enum" in items or "$ref" in items):
            return {"const": ["Object/ObjectColour"]}
        return node

    return spoilt(schema_of(body), spoil, body)


def spoilt(schema: Json, spoil: Any, body: Json) -> Any:
    """Return an answer to a schema with some nodes replaced; wrong otherwise where none is."""

    def walk(node: Any) -> Any:
        if isinstance(node, list):
            return [walk(child) for child in node]
        if not isinstance(node, dict):
            return node
        changed = spoil(node)
        if changed is not node:
            return changed
        return {key: walk(child) for key, child in node.items()}

    changed = walk(schema)
    if changed == schema:
        return {"verdict": "fine"}
    return example(changed, changed.get("$defs", {}), random.Random(question_digest(body)))
