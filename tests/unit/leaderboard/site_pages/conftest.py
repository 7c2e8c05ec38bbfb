"""A small site: the pages as they are, with data and videos made for the purpose."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from rarft.tasks.synth_hi.files import make_dataset

LEVELS = ("original", "strong", "moderate", "weak")
CATEGORIES = ("Action", "Action/FineGrainedAction", "Attribute", "Attribute/Counting")
COLUMNS = (
    ("f1_avg", "F1", "avg.", "percent", True, 1),
    ("f1_irrelevant", "F1", "irre.", "percent", True, 1),
    ("ra_miou", "RA-IoU", "mIoU", "percent", True, 1),
    ("sbert", "irrelevant", "SBERT", "plain", True, 2),
    ("aurc", "thresholds", "AURC", "plain", False, 3),
)


def small_board() -> dict[str, Any]:
    """The board of three rows: two with samples and one of a paper."""
    task = {
        "name": "synth_hi", "title": "Procedural videos", "kind": "task", "members": ["synth_hi"],
        "n_queries": 8, "n_relevant": 4, "n_irrelevant": 4, "n_videos": 4, "version": "1",
        "licence": "Apache-2.0", "levels": list(LEVELS), "categories": list(CATEGORIES),
        "pairs": True, "texts": True, "n_chunks": 1, "groups": [], "condition": "8 queries",
    }  # fmt: skip
    columns = [
        {"key": key, "group": group, "label": label, "title": f"The figure {key}", "unit": unit,
         "higher_is_better": higher, "digits": digits, "paper": True, "ranked": True}
        for key, group, label, unit, higher, digits in COLUMNS
    ]  # fmt: skip
    return {
        "schema_version": 1, "generated_by": "rarft 0", "tasks": [task], "columns": columns,
        "notes": ["a note"], "compare": {"all": True},
        "entries": [_board_row("one", "entry", "partial"), _board_row("two", "entry", "recomputed"),
                    _board_row("paper-three", "paper", "reported")],
        "ranking": {"alpha": 0.05, "confidence": 0.95, "n_resamples": 100, "seed": 0,
                    "unit": "video", "family": "All pairs are one family."},
    }  # fmt: skip


def _board_row(name: str, kind: str, tier: str) -> dict[str, Any]:
    return {
        "id": name, "name": f"model {name}", "title": f"Title of {name}", "kind": kind,
        "tier": tier, "family": "rft", "size": "7B", "hardware": "cpu", "prompt": "official",
        "url": f"https://example.org/{name}", "policy": "paper", "video_input": "shown",
        "notes": ["A note of a row."],
        "tasks": {"synth_hi": {"figures": {"f1_avg": [62.5, 55.0, 70.0, 1, 1, 1]},
                               "n": {"queries": 8, "scored": 8}}},
    }  # fmt: skip


def small_entry(row: Mapping[str, Any]) -> dict[str, Any]:
    """The record of one row in full."""
    is_paper = row["kind"] == "paper"
    figures: dict[str, Any] = {
        "f1_avg": {"value": 0.625, "low": 0.55, "high": 0.7, "rank": 1, "first": 1, "last": 2},
        "f1_irrelevant": {"value": 0.5, "flags": ["uncertain"], "source": "Table 1"},
        "sbert": {"value": 0.71, "low": 0.6, "high": 0.8, "note": "a note of a figure"},
    }
    for number, name in enumerate((*LEVELS[1:], *CATEGORIES)):
        value = 0.3 + 0.05 * number
        figures[f"f1_irrelevant/{name}"] = {"value": value, "low": value - 0.1, "high": value + 0.1}
    task: dict[str, Any] = {"title": "Procedural videos", "figures": figures}
    if not is_paper:
        task |= {
            "counts": {"n_queries": 8, "n_scored": 7, "n_unparsed": 1, "n_missing": 1,
                       "n_failed": 0, "n_unscored_similarity": 2},
            "cost": {"n_prompt_tokens": 812.4, "n_new_tokens": 120.2, "seconds": 1.25},
            "risk_coverage": [[0.9, 0.25, 0.1], [0.5, 0.5, 0.2], [0.1, 1.0, 0.4]],
            "samples": {"n_chunks": 1, "n_queries": 8, "n_shown": 8},
        }  # fmt: skip
    return {
        **{key: row[key] for key in ("id", "kind", "tier", "name", "title", "family", "size",
                                     "url", "hardware", "policy", "prompt", "video_input")},
        "schema_version": 1, "submitter": "A group", "paper_url": "https://example.org/paper",
        "about": "What the submitter says.", "licence": "MIT", "notes": ["A note of an entry."],
        "manifest_sha256": "0" * 64, "rarft_version": "0.1.0",
        "model": {"name": row["name"], "backend": "transformers", "checkpoint": "where/it/is"},
        "settings": {"limit": 8, "seed": 0, "model_args": f"dtype={row['id']}"},
        "provenance": {"prompts": {"text": {"origin": "official", "sha256": "1" * 64,
                                            "text": "Find the moment of: {query}"}},
                       "judges": {"similarity": {"judge": "sbert", "version": "1"}}},
        "train": {"steps": 12},
        "verification": {"tier": row["tier"], "reasons": ["8 of 2,000 queries have samples"],
                         "checks": [{"name": "rows", "task": "synth_hi", "outcome": "passed",
                                     "detail": "the digest is the verifier's"}]},
        "tasks": {"synth_hi": task},
        "compared": [] if is_paper else [{"one": "two", "two": "one"}[row["id"]]],
    }  # fmt: skip


def small_queries(videos: list[str]) -> list[dict[str, Any]]:
    """Eight queries of four videos, each relevant one followed by an irrelevant one."""
    queries: list[dict[str, Any]] = []
    for number in range(4):
        held = {"video": videos[number], "duration_s": 12.0, "file": f"videos/{videos[number]}"}
        text = f"A red square moves left, scene {number}."
        queries.append({**held, "query_id": f"{number}-0", "relevant": True, "level": "original",
                        "categories": [], "text": text, "spans": [[2.0, 5.0]]})  # fmt: skip
        queries.append({
            **held, "query_id": f"{number}-1", "relevant": False, "level": LEVELS[1 + number % 3],
            "categories": [CATEGORIES[1 + 2 * (number % 2)]], "blind_right": True,
            "text": text.replace("red", "blue"), "spans": [], "relevant_query": text,
            "refusal": f"The square is red, not blue, scene {number}."})  # fmt: skip
    return queries


def small_samples(kinds: str) -> list[dict[str, Any]]:
    """Replies to the eight queries; a letter each: g(rounded), r(efused), u(nparsed), m(issing)."""
    samples: list[dict[str, Any]] = []
    for place, letter in enumerate(kinds):
        held: dict[str, Any] = {"query_id": f"{place // 2}-{place % 2}", "status": "scored"}
        if letter == "g":
            held |= {"kind": "grounded", "spans": [[2.5, 5.5]], "reply": "2.5 to 5.5"}
            held |= {"iou": 0.71} if place % 2 == 0 else {}
        elif letter == "r":
            held |= {
                "kind": "refused", "reply": "<answer>No blue square.</answer>",
                "explanation": "There is no blue square.",
                "correction": "A green square moves left.",
                "judgements": {"similarity": {"judge": "sbert", "version": "1",
                                              "model": "mini@sha256:0", "value": 0.93},
                               "categories": {"judge": "local", "value": ["Attribute/Counting"]},
                               "reasoning": {"judge": "llm", "value": None, "reason": "no answer"}},
                "scores": {"sbert": 0.93},
            }  # fmt: skip
        elif letter == "u":
            held |= {"kind": "unparsed", "reason": "no tag", "reply": "I do not know."}
        else:
            held["status"] = "missing"
        samples.append(held)
    return samples


def small_comparison() -> dict[str, Any]:
    """The comparison of the two rows with samples."""
    clear = {"a": 0.6, "b": 0.4, "difference": 0.2, "low": 0.1, "high": 0.3, "p_holm": 0.0004}
    even = {"a": 0.5, "b": 0.49, "difference": 0.01, "low": -0.1, "high": 0.12, "p_holm": 1.0}
    return {
        "schema_version": 1, "a": "one", "b": "two", "titles": ["one", "two"],
        "tasks": {"synth_hi": {
            "n_paired": 7, "n_videos": 4, "n_only_a": 1, "n_only_b": 0, "n_neither": 0,
            "figures": {"f1_avg": clear, "ra_miou": even,
                        "aurc": {**even, "p_holm": None},
                        "f1_irrelevant/strong": clear, "f1_irrelevant/Action": even,
                        "f1_irrelevant/Action/FineGrainedAction": clear},
            "not_comparable": {"sbert": "other judges"},
            "mcnemar": {"b": 2, "c": 1, "n": 7, "p": 0.5, "p_clustered": 0.6, "difference": 0.1},
            "only_a_right": [1, 3], "only_b_right": [5]}},
    }  # fmt: skip


def small_records(videos: list[str]) -> dict[str, dict[str, Any]]:
    """Every record of the small site, by key."""
    board = small_board()
    records = {"board": board, "slices:synth_hi": {
        "schema_version": 1, "task": "synth_hi", "levels": list(LEVELS),
        "categories": list(CATEGORIES), "columns": ["f1_irrelevant"], "entries": {}}}  # fmt: skip
    for row in board["entries"]:
        records[f"entry:{row['id']}"] = small_entry(row)
    head = {"schema_version": 1, "task": "synth_hi", "chunk": 0}
    records["queries:synth_hi:0"] = {**head, "n_queries": 8, "queries": small_queries(videos)}
    for name, kinds in (("one", "grgrgugr"), ("two", "grrggrgm")):
        samples = small_samples(kinds)
        records[f"samples:{name}:synth_hi:0"] = {**head, "id": name, "samples": samples}
    records["compare:one:two"] = small_comparison()
    return records


@pytest.fixture(scope="session")
def synth_videos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Four made videos."""
    made = make_dataset(tmp_path_factory.mktemp("synth") / "set", n_queries=8, seed=0, workers=1)
    return sorted(made.rglob("*.mp4"))


@pytest.fixture
def small_site(make_site: Callable[..., Path], synth_videos: list[Path]) -> Callable[..., Path]:
    """A function that makes the small site; `edit` gets the records by key and may change them."""

    def make(edit: Callable[[dict[str, Any]], None] | None = None, *, videos: bool = True) -> Path:
        records = small_records([path.name for path in synth_videos])
        if edit is not None:
            edit(records)
        site = make_site({file_of(key): (key, record) for key, record in records.items()})
        if videos:
            (site / "videos").mkdir()
            for path in synth_videos:
                shutil.copy(path, site / "videos" / path.name)
        return site

    return make


def file_of(key: str) -> str:
    """Return the file of a key, below data/ and without its suffix."""
    kind, *rest = key.split(":")
    match kind:
        case "samples":
            return f"samples/{rest[0]}/{rest[1]}.{rest[2]}"
        case "queries":
            return f"queries/{rest[0]}.{rest[1]}"
        case "compare":
            return f"compare/{rest[0]}..{rest[1]}"
        case "entry":
            return f"entries/{rest[0]}"
        case _:
            return "/".join([kind, *rest])
