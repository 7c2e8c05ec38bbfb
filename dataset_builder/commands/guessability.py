"""`rarft-data guessability`: how well two models that see no video tell a set's labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from rarft.harness.errors import UserError

RESULT = "guessability.json"


def guessability_command(
    path: Annotated[Path, typer.Argument(help="A build's folder, or a file of rows.")],
    encoder: Annotated[
        str, typer.Option("--encoder", help="The second model's sentence encoder, or none.")
    ] = "all-MiniLM-L6-v2",
    target: Annotated[
        float, typer.Option("--target", help="The leakage to stay under, max(AUC, 1 - AUC).")
    ] = 0.6,
    seed: Annotated[int, typer.Option("--seed", help="Decides folds and resamples.")] = 0,
    n_resamples: Annotated[
        int, typer.Option("--n_resamples", min=1, help="Resamples of the videos.")
    ] = 1_000,
) -> None:
    """Guess each query's label from its words, on videos that the model was not fitted to."""
    from rarft.dataset_builder.guessability.figures import guessability
    from rarft.dataset_builder.row_files import read_rows
    from rarft.harness.atomic_file import write_atomic

    if not 0.5 < target <= 1:
        raise UserError(f"got --target {target}, expected a leakage above 0.5 and up to 1")
    rows = path / "accepted.jsonl" if path.is_dir() else path
    found = guessability(
        [row.query for row in read_rows(rows)],
        encoder=None if encoder == "none" else encoder,
        seed=seed,
        n_resamples=n_resamples,
    )
    found["target"] = target
    result = rows.parent / RESULT
    write_atomic(result, (json.dumps(found, indent=2) + "\n").encode("ascii"))
    for line in _lines(found):
        typer.echo(line, err=True)
    print(result)


def _lines(found: dict[str, Any]) -> list[str]:
    lines = [
        f"{found['n_relevant']:,} relevant of {found['n_queries']:,} queries about "
        f"{found['n_videos']:,} videos"
    ]
    for name, title in (("blind", "n-grams"), ("second", "sentence embeddings")):
        if figures := found[name]:
            verdict = "under" if figures["leakage"] < found["target"] else "not under"
            lines.append(
                f"{title}: AUC {figures['auc']:.3f}, leakage {figures['leakage']:.3f}, "
                f"{verdict} {found['target']:g}"
            )
    return lines
