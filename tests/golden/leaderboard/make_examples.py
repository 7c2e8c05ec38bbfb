"""Write example data of the site: `python tests/golden/leaderboard/make_examples.py RUNS_DIR`.

RUNS_DIR holds the runs of `make demo`: tiny_base and tiny_rarft on the first queries of synth_hi.
The files are what `rarft-leaderboard build` writes of them, cut to the first queries, as indented
JSON.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from rarft.harness.report.runs import read_run
from rarft.harness.report.sample_outcomes import read_outcomes
from rarft.harness.stages.loaded_task import read_queries
from rarft.leaderboard.entries import read_entry, submit
from rarft.leaderboard.paper import read_paper
from rarft.leaderboard.site_data.board_rows import BoardRow, BoardTask
from rarft.leaderboard.site_data.floor_rows import floor_rows, replies_of_floors
from rarft.leaderboard.site_data.measured_board import measure_board
from rarft.leaderboard.site_data.site_files import write_site_data
from rarft.leaderboard.types import AboutEntry
from rarft.tasks.synth_hi.loader import load

FOLDER = Path(__file__).parent
TASK = "synth_hi"
N_SHOWN = 12
ENTRIES = {
    "tiny-base": ("tiny_base", AboutEntry(name="tiny_base", title="The tiny base model")),
    "tiny-rarft": (
        "tiny_rarft",
        AboutEntry(
            name="tiny_rarft",
            title="The tiny base model after RA-RFT",
            size="0.9M",
            submitter="The authors of this package",
            url="https://example.org/tiny_rarft",
            hardware="2 cores of a processor",
            notes="Made by make demo.",
        ),
    ),
}
KEPT = {
    "board": "board_small",
    f"slices/{TASK}": f"slices_{TASK}",
    "entries/tiny-rarft": "entry_tiny-rarft",
    "entries/floor-blind": "entry_floor-blind",
    "entries/paper-time_r1-ra_rft": "entry_paper",
    f"samples/tiny-base/{TASK}.0": "samples_tiny-base",
    f"samples/tiny-rarft/{TASK}.0": "samples_tiny-rarft",
    f"samples/floor-blind/{TASK}.0": "samples_floor-blind",
    f"queries/{TASK}.0": f"queries_{TASK}",
    "compare/tiny-base..tiny-rarft": "compare_small",
}
"""The files of the site that are kept, and their names here."""


def entry_row(slug: str, run: Path, about: AboutEntry) -> BoardRow:
    """Return the row of a run."""
    with tempfile.TemporaryDirectory() as folder:
        made = submit(run, Path(folder) / slug, about=about, partial=True)
        entry = read_entry(made)
    return BoardRow(
        id=entry.slug,
        kind="entry",
        tier="partial",
        about=entry.about,
        results=entry.results,
        outcomes={TASK: read_outcomes(run, TASK, "paper")},
        samples=entry.samples,
        train=entry.train,
        manifest_sha256=entry.manifest_sha256,
        rarft_version=entry.rarft_version,
        verification={
            "tier": "partial",
            "checks": [
                {
                    "name": "figures",
                    "task": TASK,
                    "outcome": "passed",
                    "detail": "every figure follows from the samples",
                }
            ],
            "reasons": ["200 of 2,000 queries of synth_hi were asked"],
        },
    )


def main(runs: Path) -> None:
    """Write every example."""
    queries = read_queries(load(render=False)["test"], task=TASK)
    replies = replies_of_floors(queries)
    task = BoardTask(
        name=TASK,
        title="Procedural videos with exact ground truth",
        version="1",
        licence="Apache-2.0",
        queries=queries,
        blind_right=replies.blind_right(queries),
        texts=True,
    )
    rows = [entry_row(slug, runs / run, about) for slug, (run, about) in ENTRIES.items()]
    n_asked = len(read_run(runs / "tiny_base").samples[TASK])
    floors = floor_rows({TASK: queries}, {TASK: replies}, n_asked={TASK: n_asked})
    paper = read_paper()
    board = measure_board([task], [*rows, *floors], paper=paper)
    files = {TASK: {query.video: f"videos/{query.video}" for query in queries[:N_SHOWN]}}
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        write_site_data(board, data, source=paper.source, n_shown=N_SHOWN, files=files)
        for place, name in KEPT.items():
            record: dict[str, Any] = json.loads((data / f"{place}.json").read_text("utf-8"))
            text = json.dumps(record, indent=1, ensure_ascii=False)
            (FOLDER / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
