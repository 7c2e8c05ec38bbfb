"""Which annotation file a name stands for: an official task's, a variant's, or that of training."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from rarft.dataset_builder.types import TASK
from rarft.harness.errors import NotFoundError
from rarft.harness.types import Query
from rarft.tasks.annotation_files import annotation_file
from rarft.tasks.corrected_metadata import (
    CorrectedMetadata,
    corrected_task_files,
    read_corrected_metadata,
)
from rarft.tasks.load_report import LoadReport
from rarft.tasks.metadata import official_task_files, read_metadata
from rarft.tasks.official import read_queries
from rarft.tasks.training_file import (
    HI_VTG_TRAIN,
    TRAINING_BLOB,
    TRAINING_COMMIT,
    TRAINING_FILE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """An annotation file as it is read; `variant` is set where the name is a corrected task's."""

    path: Path
    queries: tuple[Query, ...]
    report: LoadReport
    variant: CorrectedMetadata | None


def names() -> tuple[str, ...]:
    """Return every name that `read_annotation` takes."""
    return (*corrected_task_files(), *official_task_files(), HI_VTG_TRAIN)


def read_annotation(name: str, *, path: Path | None = None) -> Annotation:
    """Read the annotation file of a task or a variant, or the training file.

    Args:
        name: one of `names()`.
        path: a file to read in the place of the official one.

    Raises:
        NotFoundError: no task has that name, or a path is not there.
        AnnotationError: the file cannot be had or read.
    """
    variants = corrected_task_files()
    variant = read_corrected_metadata(variants[name]) if name in variants else None
    if variant is not None:
        pinned = (variant.annotation, variant.commit, variant.blob)
    elif name in (tasks := official_task_files()):
        stated = read_metadata(tasks[name])
        pinned = (stated.annotation, stated.commit, stated.blob)
    elif name == HI_VTG_TRAIN:
        pinned = (TRAINING_FILE, TRAINING_COMMIT, TRAINING_BLOB)
    else:
        raise NotFoundError(_unknown(name))
    if path is None:
        file, commit, blob = pinned
        path = annotation_file(file, commit=commit, blob=blob)
    elif not path.is_file():
        raise NotFoundError(f"got --annotation {path}, expected a file; mend the path")
    queries, report = read_queries(path, task=TASK)
    return Annotation(path=path, queries=tuple(queries), report=report, variant=variant)


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name, names(), n=1, cutoff=0.5)
    hint = f"did you mean '{near[0]}'?" if near else "give one of them"
    return f"got an unknown task '{name}', expected one of {', '.join(names())}; {hint}"
