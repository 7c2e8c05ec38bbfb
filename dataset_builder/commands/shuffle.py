"""`rarft-data shuffle`: a set whose irrelevant queries are other videos' relevant ones."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from rarft.harness.errors import UserError

RESULT = "accepted.jsonl"


def shuffle_command(
    rows: Annotated[Path, typer.Argument(help="A file that rarft-data normalise wrote.")],
    output_path: Annotated[Path, typer.Option("--output_path", help=f"The folder for {RESULT}.")],
    setting: Annotated[
        Literal["ratsg", "in_domain", "out_of_domain"],
        typer.Option("--setting", help="How irrelevant queries are found."),
    ] = "ratsg",
    n_relevant: Annotated[
        int | None, typer.Option("--n_relevant", min=1, help="Relevant queries of the set [all].")
    ] = None,
    n_videos: Annotated[
        int | None, typer.Option("--n_videos", min=2, help="Videos of the set [all].")
    ] = None,
    texts: Annotated[
        Literal["same", "unused"],
        typer.Option("--texts", help="Ask the set's own relevant texts again, or unused ones."),
    ] = "same",
    sentences: Annotated[
        Path | None,
        typer.Option("--sentences", help="Sentences of unrelated topics, for out_of_domain."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Decides videos, queries and pairs.")] = 0,
) -> None:
    """Ask relevant queries of other videos, one irrelevant query for each relevant one."""
    from rarft.dataset_builder.row_files import read_rows, write_rows
    from rarft.dataset_builder.shuffle import shuffle_rows
    from rarft.dataset_builder.shuffle_topics import read_sentences, topic_sentences

    if sentences is not None and setting != "out_of_domain":
        raise UserError("got --sentences, expected it with --setting out_of_domain only")
    offered: list[str] = []
    if setting == "out_of_domain":
        offered = read_sentences(sentences) if sentences else topic_sentences()
    shuffled = shuffle_rows(
        list(read_rows(rows)),
        setting=setting,
        seed=seed,
        n_relevant=n_relevant,
        n_videos=n_videos,
        texts=texts,
        sentences=offered,
    )
    output_path.mkdir(parents=True, exist_ok=True)
    write_rows(output_path / RESULT, shuffled.rows)
    counts = shuffled.counts()
    typer.echo(
        f"{counts['n_relevant']:,} relevant and {counts['n_irrelevant']:,} irrelevant queries "
        f"about {counts['n_videos']:,} videos; {counts['n_maybe_true']:,} were exchanged, as they "
        "may be true of the video they were drawn for",
        err=True,
    )
    print(output_path / RESULT)
