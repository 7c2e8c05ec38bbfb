"""The task YAML beside a built set, with which `rarft-eval --include_path` evaluates it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import yaml

from rarft.dataset_builder.output.tally import LIMITS, Tally

_HEAD: Final = """\
task: {task}
class: !function rarft.tasks.grounding_task.GroundingTask
custom_dataset: !function rarft.dataset_builder.output.built_rows.load
"""
_EVALUATED: Final = ("test", "validation", "val")
"""The splits that give their set's name to their task, the first of these that there is."""


def task_names(name: str, splits: Sequence[str]) -> dict[str, str]:
    """Return the name of the task of each split: one bears the name of the set.

    Example:
        >>> task_names("mine", ["train", "test"])
        {'train': 'mine_train', 'test': 'mine'}
        >>> task_names("mine", ["train"])
        {'train': 'mine'}
    """
    main = next((split for split in _EVALUATED if split in splits), splits[0])
    return {split: name if split == main else f"{name}_{split}" for split in splits}


def task_yaml(
    task: str, *, split: str, annotation: str, tally: Tally, licence: str, n_records: int
) -> str:
    """Return the YAML of one split's task.

    Args:
        task: the task's name.
        split: the split it asks.
        annotation: the file of its rows, from the folder of the YAML.
        tally: what the whole set holds.
        licence: the licence of the whole set.
        n_records: how many records of the official schema the split has.
    """
    n_relevant, n_irrelevant, n_videos = tally.splits[split]
    sources = sorted({one.source for one in tally.sources if one.split == split})
    citations = sorted({one.citation for one in tally.sources if one.citation})
    metadata: Mapping[str, object] = {
        "version": 1.0,
        "description": f"The {split} split of a set built by rarft-data from {', '.join(sources)}",
        "annotation": annotation,
        "counts": {
            "records": n_records,
            "videos": n_videos,
            "relevant": n_relevant,
            "irrelevant": n_irrelevant,
        },
        "licence": licence,
        "citation": "; ".join(citations),
        "videos": f"Those of {', '.join(sources)}, each from its own source and under its terms.",
        "prompt_mode": "refusal",
        "known_issues": [
            f"In the whole set: {count:,} {LIMITS[name]}." for name, count in tally.limits.items()
        ],
    }
    body = yaml.safe_dump({"metadata": metadata}, sort_keys=False, width=88, allow_unicode=True)
    return _HEAD.format(task=task) + body


def write_task(text: str, folder: Path, *, task: str) -> Path:
    """Write a task's YAML and return its path."""
    path = folder / f"{task}.yaml"
    path.write_text(text, encoding="utf-8")
    return path
