"""build.json: what a build was made of, what it holds and what it cost."""

from __future__ import annotations

import hashlib
import json
import platform
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import rarft
from rarft.dataset_builder.config import BuildConfig, config_from_json
from rarft.dataset_builder.step_prompt import prompt_digests
from rarft.dataset_builder.store import (
    BALANCE,
    CANDIDATES,
    CATEGORIES,
    FAILURES,
    PARAPHRASES,
    PLAN,
    RECORD,
    ROWS,
    VERDICTS,
)
from rarft.harness.atomic_file import write_atomic
from rarft.harness.errors import UserError
from rarft.harness.stages.append_log import SCHEMA_VERSION, read_rows

_DECIDED_IN: Final = {
    ROWS: ("rows", "source", "path", "source_split", "source_options", "videos", "limit", "shard"),
    CATEGORIES: ("llm_model", "prompts"),
    PLAN: ("seed", "levels", "per_query", "choice", "n_categories"),
    CANDIDATES: ("descriptions",),
    VERDICTS: ("checks",),
}
"""By file, the keys that decided its rows: once it is there, they stay as they are."""
_ALWAYS_WRITTEN: Final = ("schema_version", "config", "prompts", "versions")
_STEP_OF: Final = {
    CATEGORIES: "categorize",
    CANDIDATES: "rewrite",
    VERDICTS: "verify",
    PARAPHRASES: "paraphrase",
}


def read_record(directory: Path) -> dict[str, Any] | None:
    """Return a build's record, or None where there is none.

    Raises:
        UserError: it cannot be read.
    """
    path = directory / RECORD
    if not path.exists():
        return None
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return dict(record) | {"config": dict(record["config"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{path}: got a record that cannot be read ({error!r}), expected one as rarft-data "
            "writes it; delete it, and give --config again"
        ) from error


def merged_config(directory: Path, given: Mapping[str, Any]) -> BuildConfig:
    """Return a build's config with what is given now over what it began with.

    Raises:
        UserError: a key that decides stored rows is given another value.
    """
    record = read_record(directory)
    if record is None:
        return config_from_json(given)
    began = config_from_json(record["config"], where=str(directory / RECORD))
    config = config_from_json({**record["config"], **given})
    before, now = began.to_json(), config.to_json()
    for name, keys in _DECIDED_IN.items():
        changed = [key for key in keys if now[key] != before[key]]
        if changed and _has_rows(directory / name):
            key = changed[0]
            raise UserError(
                f"got {key}: {_short(now[key])} for {directory}, whose {name} was made with "
                f"{_short(before[key])}; leave it as it was, or give another --output_path"
            )
    return config


def _has_rows(path: Path) -> bool:
    """Say whether a file decides anything: one whose first row was never written does not."""
    return path.exists() and path.stat().st_size > 0


def write_record(
    directory: Path, config: BuildConfig, facts: Mapping[str, Any] | None = None
) -> None:
    """Write build.json; without facts, what is known before anything is done."""
    known = {key: value for key, value in (facts or {}).items() if key not in _ALWAYS_WRITTEN}
    record = {
        "schema_version": SCHEMA_VERSION,
        "config": config.to_json(),
        "prompts": _prompts(config),
        "versions": {"rarft": rarft.__version__, "python": platform.python_version()},
        "complete": False,
        **known,
    }
    text = json.dumps(record, indent=2, ensure_ascii=False)
    write_atomic(directory / RECORD, f"{text}\n".encode())


def _prompts(config: BuildConfig) -> dict[str, str]:
    """Return the digest of every prompt, the verifier's where there is one."""
    digests = prompt_digests(config.prompts)
    if config.checks.get("llm"):
        from rarft.dataset_builder.verify.llm_verifier import prompt_sha256

        digests["verify"] = prompt_sha256()
    return digests


def inputs_digest(directory: Path, config: BuildConfig) -> str:
    """Return the digest of all that decides which rows a build ends with."""
    known = {key: value for key, value in config.to_json().items() if key != "llm_base_url"}
    digest = hashlib.sha256(json.dumps(known, sort_keys=True).encode())
    for name in (ROWS, CATEGORIES, PLAN, CANDIDATES, VERDICTS, FAILURES, PARAPHRASES, BALANCE):
        path = directory / name
        if path.exists():
            with path.open("rb") as content:
                digest.update(hashlib.file_digest(content, "sha256").digest())
        digest.update(name.encode())
    return digest.hexdigest()


def costs(directory: Path) -> dict[str, Any]:
    """Return calls, tokens and USD of each step, as its stored rows tell; failures are included.

    `usd` is None where a call had no known price.
    """
    steps: dict[str, dict[str, Any]] = {}
    for name, step in _STEP_OF.items():
        _add(steps, ((step, row) for row in read_rows(directory / name)))
    _add(steps, ((row.get("step", ""), row) for row in read_rows(directory / FAILURES)))
    return steps


def _add(steps: dict[str, dict[str, Any]], rows: Iterable[tuple[str, dict[str, Any]]]) -> None:
    for step, row in rows:
        usage = row.get("usage")
        if not usage:
            continue
        total = steps.setdefault(
            step,
            {
                "n_questions": 0,
                "n_cached": 0,
                "n_calls": 0,
                "n_prompt_tokens": 0,
                "n_new_tokens": 0,
                "usd": 0.0,
            },
        )
        total["n_questions"] += usage.get("n_questions", 1)
        total["n_cached"] += int(usage["cached"])
        for key in ("n_calls", "n_prompt_tokens", "n_new_tokens"):
            total[key] += usage[key]
        is_known = total["usd"] is not None and usage["usd"] is not None
        total["usd"] = round(total["usd"] + usage["usd"], 6) if is_known else None


def rejections(directory: Path) -> dict[str, int]:
    """Count the findings of all verdicts by reason."""
    reasons: Counter[str] = Counter()
    for row in read_rows(directory / VERDICTS, required=("findings",)):
        reasons.update(finding["reason"] for finding in row["findings"])
    return dict(sorted(reasons.items()))


def balance_rounds(directory: Path) -> list[dict[str, Any]]:
    """Return what each round of balancing measured."""
    return list(read_rows(directory / BALANCE))


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
