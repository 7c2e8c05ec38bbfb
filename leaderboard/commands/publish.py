"""`rarft-leaderboard publish`: entries to a dataset, the site to a Space or GitHub Pages."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rarft.harness.errors import UserError

if TYPE_CHECKING:
    from rarft.leaderboard.publish.planned import Publication


def publish_command(
    entries: Annotated[
        Path | None, typer.Option("--entries", help="A folder of entries; with --dataset.")
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option("--dataset", metavar="OWNER/NAME", help="A dataset of the Hub, for entries."),
    ] = None,
    site: Annotated[
        Path | None, typer.Option("--site", help="A built site; with --space or --pages.")
    ] = None,
    space: Annotated[
        str | None,
        typer.Option("--space", metavar="OWNER/NAME", help="A Space of the Hub, for the site."),
    ] = None,
    pages: Annotated[
        Path | None, typer.Option("--pages", help="A folder for GitHub Pages, for the site.")
    ] = None,
    with_videos: Annotated[
        bool,
        typer.Option("--with_videos", help="Hand on videos although no licence says you may."),
    ] = False,
    private: Annotated[
        bool, typer.Option("--private", help="Make a new repository of the Hub private.")
    ] = False,
    endpoint: Annotated[
        str | None,
        typer.Option("--endpoint", help="Another Hub than the public one [HF_ENDPOINT]."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry_run", help="List what would go where, and send nothing.")
    ] = False,
) -> None:
    """Publish entries and site; the Hub's token is HF_TOKEN's or that of `hf auth login`."""
    from rarft.leaderboard.publish import push, write_pages

    # Everything is checked before anything is sent.
    plans = _plans(entries, dataset, site, space, pages, with_videos=with_videos)
    for plan in plans:
        if dry_run:
            _list(plan)
            continue
        _say(f"{_size(plan)} to {plan.place} {plan.target}")
        if plan.place == "pages":
            print(write_pages(plan))
        else:
            print(push(plan, is_private=private, endpoint=endpoint))


def _plans(
    entries: Path | None,
    dataset: str | None,
    site: Path | None,
    space: str | None,
    pages: Path | None,
    *,
    with_videos: bool,
) -> list[Publication]:
    from rarft.leaderboard.publish import plan_dataset, plan_pages, plan_space
    from rarft.leaderboard.publish.pages import check_pages_folder

    if (entries is None) != (dataset is None):
        raise UserError("got one of --entries and --dataset, expected both or none; add the other")
    if (site is None) != (space is None and pages is None):
        raise UserError("got one of --site and --space or --pages, expected both; add the other")
    plans = []
    if entries is not None and dataset is not None:
        plans.append(plan_dataset(entries, dataset))
    if site is not None and space is not None:
        plans.append(plan_space(site, space, dataset=dataset, with_videos=with_videos))
    if site is not None and pages is not None:
        check_pages_folder(pages)
        plans.append(plan_pages(site, pages, with_videos=with_videos))
    if not plans:
        raise UserError(
            "got nothing to publish, expected --entries with --dataset, or --site with --space or "
            "--pages; see `rarft-leaderboard publish --help`"
        )
    return plans


def _list(plan: Publication) -> None:
    for file in plan.with_card():
        print(f"{plan.place}\t{plan.target}\t{file.path}\t{file.n_bytes}")
    where = "there" if plan.replaces == ("",) else "in the folders of these entries"
    _say(
        f"{_size(plan)} would go to {plan.place} {plan.target}; what else lies {where} would be "
        "removed; nothing was sent"
    )


def _size(plan: Publication) -> str:
    return f"{len(plan.with_card())} files, {plan.n_bytes / 1e6:,.1f} MB,"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
