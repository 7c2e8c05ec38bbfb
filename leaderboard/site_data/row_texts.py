"""What a row says of itself in words: its prompt, what its model saw, what to know of it."""

from __future__ import annotations

from rarft.harness.report.schema import Results
from rarft.leaderboard.site_data.board_rows import BoardRow

SHOWN_VIDEO = "shown"


def prompt_origin(results: Results) -> str:
    """Return in whose words the tasks were asked, `mixed` where these differ, empty if unknown.

    Example:
        >>> from rarft.harness.report.schema import ModelEntry
        >>> prompt_origin(Results(schema_version=1, model=ModelEntry(name="m"), results={"t": {}},
        ...                       provenance={"tasks": {"t": {"prompt_mode": "native"}},
        ...                                   "prompts": {"native": {"origin": "official"}}}))
        'official'
    """
    origins = {results.prompt_mark(task).removesuffix(" prompt") for task in results.tasks} - {""}
    return "mixed" if len(origins) > 1 else "".join(origins)


def video_input(results: Results) -> str:
    """Return what the model received as the video: shown, black or other."""
    return str(results.config.get("video_input") or SHOWN_VIDEO)


def row_notes(row: BoardRow) -> list[str]:
    """Return what whoever reads a row must know before its figures."""
    notes = [str(reason) for reason in row.verification.get("reasons", ())]
    if row.results.asked:
        notes.append(f"Asked {row.results.asked} queries of each task.")
    seen = video_input(row.results)
    if seen != SHOWN_VIDEO:
        notes.append(f"The model was shown {'a black' if seen == 'black' else 'another'} video.")
    if row.results.config.get("repeats", 1) not in (1, None):
        notes.append(f"Each query was asked {row.results.config['repeats']} times.")
    return notes
