"""results.json of an entry: the run's, without lm-eval's task configs and without local paths."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from rarft.harness.models import UNNAMED_ARGS

SECTIONS: Final = (
    *("schema_version", "results", "floors", "versions", "n-shot", "higher_is_better"),
    *("n-samples", "load_reports", "model", "config", "provenance"),
)
_SECRET: Final = re.compile(
    r"(?i)(?:^|_)(?:api_?key|secret|password|credentials?|(?:access|auth|hf|hub)_token)$|^token$"
)
_WORDS: Final = ("text", "judge_prompt")
"""Keys of prompts, whose words have a digest and are left as they are."""
_MAX_PASSES: Final = 8
"""What is left of a path may stand beside the beginning of another."""
_PATH: Final = re.compile(
    # A folder and more behind a slash that begins a word: neither an address nor an end tag.
    r"(?<![\w:/.<~\\])(?:file://)?~?(?:/[\w.@+=,%-]+){2,}/?"
    r"|(?<!\w)[A-Za-z]:[\\/](?:[^\\/:*?\"<>|\r\n]+[\\/])*[^\\/:*?\"<>|\s]*"
    r"|(?<![\w\\])\\\\[^\\/:*?\"<>|\s]+(?:\\[^\\/:*?\"<>|\s]+)+"
)


def entry_results(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a run's results without task configs, folders of this machine, and secrets.

    Of a path the last part stays: it names a checkpoint or a file.

    Example:
        >>> entry_results({"configs": {}, "config": {"model_args": {"pretrained": "/home/you/ck"}}})
        {'config': {'model_args': {'pretrained': 'ck'}}}
    """
    kept = {name: record[name] for name in SECTIONS if name in record}
    entry: dict[str, Any] = cleaned(kept)
    if isinstance(entry.get("config"), dict):
        entry["config"] = entry_config(entry["config"], entry.get("provenance"))
    return entry


def entry_config(config: Mapping[str, Any], provenance: Any) -> dict[str, Any]:
    """Return a run's flags without what says where this machine has what, and how it is reached."""
    kept: dict[str, Any] = cleaned(config)
    if "include_path" in kept:
        kept["include_path"] = []
    judging = kept.get("judging")
    if isinstance(judging, dict) and "judge_base_url" in judging:
        address = judging["judge_base_url"]
        judging["judge_base_url"] = address if is_public(address) else None
    backend = provenance.get("backend") if isinstance(provenance, dict) else None
    unnamed = UNNAMED_ARGS.get(str(backend), ())
    if isinstance(kept.get("model_args"), dict):
        kept["model_args"] = {
            name: value for name, value in kept["model_args"].items() if name not in unnamed
        }
    return kept


def results_bytes(record: Mapping[str, Any]) -> bytes:
    """Return the content of results.json."""
    return f"{json.dumps(record, indent=1, allow_nan=False)}\n".encode()


def without_paths(text: str) -> str:
    """Return a text with the folders of this machine taken out of it.

    Example:
        >>> without_paths("cannot open /home/you/videos/a.mp4: no such file")
        'cannot open a.mp4: no such file'
        >>> without_paths("see https://example.org/a/b and <answer>1</answer>")
        'see https://example.org/a/b and <answer>1</answer>'
    """
    for _ in range(_MAX_PASSES):
        shorter = _without_outer_path(text)
        if shorter == text:
            return text
        text = shorter
    return text


def _without_outer_path(text: str) -> str:
    # A name right below the root is a path only where nothing stands beside it.
    if re.fullmatch(r"(?:file://|~)?/[^\s<>]*", text):
        return text.rstrip("/").rpartition("/")[2]
    return _PATH.sub(lambda found: re.split(r"[\\/]", found.group().rstrip("\\/"))[-1], text)


def is_public(address: object) -> bool:
    """Return whether an address names a server of the web, and not one of somebody's network."""
    if not isinstance(address, str):
        return False
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    # A number is an address of a machine; names of a local network have no dot or end in these.
    is_named = "." in host and not re.search(r"(?:\.local|\.internal|\.lan|\.home|\d)$", host)
    return parts.scheme == "https" and is_named


def cleaned(value: Any, key: str = "") -> Any:
    """Return JSON without folders of this machine and without secrets; prompts stay as they are."""
    if key in _WORDS:
        return value
    if isinstance(value, Mapping):
        return {
            without_paths(str(name)): cleaned(part, str(name))
            for name, part in value.items()
            if not _SECRET.search(str(name))
        }
    if isinstance(value, list | tuple):
        return [cleaned(part) for part in value]
    return without_paths(value) if isinstance(value, str) else value
