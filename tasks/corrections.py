"""Official annotation files with corrections on top: the loader of every corrected task variant.

The replies to the official task answer the variant too, since only references change.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rarft.harness.cache_directory import cache_directory
from rarft.harness.docs import Docs
from rarft.harness.errors import AnnotationError, NotFoundError
from rarft.tasks import official
from rarft.tasks.overlays import Correction, corrections_digest, overlay_summary, read_overlay

MAKE: Final = "rarft-data corrections make"


def load(
    *,
    corrections: str | None = None,
    corrected: Mapping[str, Any] | None = None,
    blob: str | None = None,
    root: str | None = None,
    config_source: str | None = None,
    **metadata: Any,
) -> dict[str, Docs]:
    """Load a task's rows and correct them; lm-eval calls this with the task's whole metadata.

    Args:
        corrections: the overlay's file name or path.
        corrected: the `count` and the `digest` of the corrections to the file of `blob`, the same
            for everybody; not checked for another file.
        blob: as `official.load` takes it.
        root: a folder a relative `annotation` or `corrections` may lie in.
        config_source: the task's YAML, whose folder either may lie in.
        metadata: what else `official.load` takes.

    Raises:
        AnnotationError: the metadata, the annotation or the overlay cannot be used, or the overlay
            does not fit the annotation.
        NotFoundError: there is no such file.
    """
    if not isinstance(corrections, str) or not corrections:
        raise AnnotationError(
            f"got {corrections!r} as `corrections` of the task's metadata, expected a file name; "
            "mend the task's YAML"
        )
    beside = Path(config_source).parent if config_source else None
    path = corrections_file(corrections, folders=[Path(root)] if root else [], beside=beside)
    overlay = read_overlay(path)
    if blob is not None and corrected is not None:
        check_known(overlay, corrected, path=path)
    docs = official.load(blob=blob, root=root, config_source=config_source, **metadata)["test"]
    return {"test": corrected_docs(docs, overlay, path=path)}


def corrected_docs(docs: Docs, overlay: Sequence[Correction], *, path: Path) -> Docs:
    """Return rows with the spans of an overlay; `path` only names it in errors.

    Raises:
        AnnotationError: the overlay is of another file, a row is not there or is irrelevant, or
            it says something else than the overlay expects.
    """
    named = overlay[0].annotation
    if named.sha256 != docs.annotation_sha256:
        raise AnnotationError(
            f"{path}: got corrections of {named.file} with sha256 {named.sha256[:12]}, expected "
            f"those of the file that is read, {str(docs.annotation_sha256)[:12]}; make them again "
            f"with `{MAKE}`"
        )
    positions = {doc["id"]: position for position, doc in enumerate(docs)}
    result = Docs(docs)
    for one in overlay:
        position = positions.get(one.id)
        doc = None if position is None else docs[position]
        if position is None or doc is None or not doc["relevant"]:
            what = "an irrelevant row" if doc else "a row that the annotation does not have"
            raise AnnotationError(
                f"{path}: got {one.id}, {what}, expected a relevant row; make the corrections "
                f"again with `{MAKE}`"
            )
        old = [list(pair) for pair in one.old]
        if doc["spans"] != old:
            raise AnnotationError(
                f"{path}: got old value {old} of row {one.id}, expected {doc['spans']} as in the "
                f"annotation; make the corrections again with `{MAKE}`"
            )
        result[position] = {**doc, "spans": [list(pair) for pair in one.new]}
    result.annotation_sha256 = docs.annotation_sha256
    result.load_report = {
        **(docs.load_report or {}),
        "corrections": overlay_summary(path, overlay),
    }
    return result


def check_known(overlay: Sequence[Correction], known: Mapping[str, Any], *, path: Path) -> None:
    """Check that an overlay holds the corrections that are known of a pinned file.

    Raises:
        AnnotationError: it holds others.
    """
    if corrections_digest(overlay) != known.get("digest"):
        raise AnnotationError(
            f"{path}: got {len(overlay)} corrections that are not the {known.get('count')} known "
            f"of this file, expected those; make them with `{MAKE}` from the original files named "
            "in docs/data_corrections.md, or use a task YAML of your own without `blob`"
        )


def corrections_file(
    name: str, *, folders: Sequence[Path] = (), beside: Path | None = None
) -> Path:
    """Return the path of an overlay.

    A relative name is looked for in RARFT_CORRECTIONS, in `folders`, in `beside`, and where
    `rarft-data corrections make` writes unless told otherwise.

    Raises:
        NotFoundError: there is none.
    """
    path = Path(name).expanduser()
    named = os.environ.get("RARFT_CORRECTIONS")
    places = [
        *([Path(named).expanduser()] if named else []),
        *folders,
        *([beside] if beside else []),
        default_folder(),
    ]
    for place in places:
        if (place / path).is_file():
            return place / path
    shown = Path(named).expanduser() if named else default_folder()
    raise NotFoundError(
        f"got no corrections {name} in {shown}, expected a file of corrections; make it with "
        f"`{MAKE} {path.stem} --original FILE`"
    )


def default_folder() -> Path:
    """Return the folder of the user's own overlays: `corrections` in the cache."""
    return cache_directory() / "corrections"
