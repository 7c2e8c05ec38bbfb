"""`rarft-data corrections`: make the overlay of an annotation file, or only say what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from rarft.harness.errors import UserError

if TYPE_CHECKING:
    from rarft.dataset_builder.corrections import Inspection, Made

N_SHOWN = 5


def corrections_command(
    action: Annotated[
        Literal["make", "check"],
        typer.Argument(help="Write the corrections, or only count what is wrong."),
    ],
    task: Annotated[
        str, typer.Argument(help="fixed_ss_charades, an official task, or hi_vtg_train.")
    ],
    original: Annotated[
        list[Path] | None,
        typer.Option("--original", help="An original annotation file; repeatable."),
    ] = None,
    annotation: Annotated[
        Path | None,
        typer.Option("--annotation", help="A file to correct in the place of the official one."),
    ] = None,
    output_path: Annotated[
        Path | None,
        typer.Option("--output_path", help="Where to write [where the task looks for it]."),
    ] = None,
) -> None:
    """Compare an official annotation file with the original files that it was made from."""
    from rarft.dataset_builder.corrections import inspect_annotation, make_overlay
    from rarft.dataset_builder.corrections.annotations import read_annotation
    from rarft.dataset_builder.corrections.originals import index_originals

    if action == "make" and not original:
        raise UserError(
            "got no --original, expected the original annotation files; see "
            "docs/data_corrections.md for which a task needs"
        )
    read = read_annotation(task, path=annotation)
    if action == "check":
        for line in _inspected(inspect_annotation(read)):
            print(line)
    if not original:
        return
    made = make_overlay(read, index_originals(original), is_official=annotation is None)
    for line in _compared(made):
        print(line)
    if action == "make":
        _write(made, task, output_path)


def _write(made: Made, task: str, output_path: Path | None) -> None:
    from rarft.tasks.corrections import default_folder
    from rarft.tasks.overlays import write_overlay

    if not made.corrections:
        raise UserError(
            f"got nothing to correct in {task}, expected at least one wrong span; use the "
            "annotation as it is"
        )
    if made.is_known is False:
        raise UserError(
            f"got {len(made.corrections)} corrections to {task} that are not the known ones of the "
            "official file, expected those; give the original files that "
            "`rarft-eval tasks TASK` names, or a file of your own with --annotation"
        )
    path = output_path or default_folder() / f"{task}.jsonl"
    write_overlay(path, made.corrections)
    print(path)


def _inspected(inspection: Inspection) -> list[str]:
    from rarft.dataset_builder.corrections.signs import SIGNS

    lines = [f"{inspection.n_relevant:,} relevant queries; signs of defects in the file itself:"]
    for sign, n_queries in inspection.counts.items():
        examples = ", ".join(inspection.examples[sign])
        lines.append(f"  {n_queries:>7,}  {SIGNS[sign]} ({examples})")
    return lines if inspection.counts else [*lines, "       none"]


def _compared(made: Made) -> list[str]:
    from rarft.tasks.overlays import REASONS

    counts = made.counts
    lines = ["against the original files:"]
    lines.append(f"  {counts.get('same', 0):>7,}  as in the original")
    for reason, n_queries in sorted(made.reasons.items()):
        ids = [one.id for one in made.corrections if one.reason == reason][:N_SHOWN]
        lines.append(f"  {n_queries:>7,}  wrong: {REASONS[reason]} ({', '.join(ids)})")
    if n_ambiguous := counts.get("ambiguous", 0):
        lines.append(f"  {n_ambiguous:>7,}  left alone: the originals hold several spans")
    if made.not_found:
        ids = list(made.not_found[:N_SHOWN])
        lines.append(f"  {len(made.not_found):>7,}  not in the original files ({', '.join(ids)})")
    for one in made.rejected[:N_SHOWN]:
        lines.append(f"  {one.file}: row {one.row} (from 0) left out, {one.reason}")
    if len(made.rejected) > N_SHOWN:
        lines.append(f"  and {len(made.rejected) - N_SHOWN:,} more rows left out")
    known = ", the known ones of the official file" if made.is_known else ""
    return [*lines, f"{len(made.corrections):,} corrections{known}"]
