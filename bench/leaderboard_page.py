"""How fast the leaderboard's page loads and sorts 300 rows of 9 tasks, and how large its data are.

Run `python bench/leaderboard_page.py` where Chromium is installed (about a minute). The rows are
made up; every ranked figure has an interval, a rank and tie groups. A load is timed from the
navigation to the first frame that shows the table; a sort from the click to the end of the layout
of what is in sight, to its frame, and until the rows out of sight follow. Medians of several;
results: bench/results/leaderboard_page.json.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import importlib.util
import json
import platform
import random
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import Any, Final

from rarft.harness.taxonomy import GROUPS
from rarft.leaderboard.site_data.board_columns import BOARD_COLUMNS

RESULTS: Final = Path(__file__).parent / "results" / "leaderboard_page.json"
BROWSER: Final = Path(__file__).parents[1] / "tests" / "unit" / "leaderboard" / "conftest.py"
LEVELS: Final = ("strong", "moderate", "weak")
CATEGORIES: Final = tuple(f"{group}/{name}" for group, names in GROUPS.items() for name in names)
SORTED_BY: Final = ("ra_miou", "f1_relevant", "rt_iou", "f1_avg", "name", "ra_iou@0.5")
LIMITS: Final = {"load_ms": 1000.0, "sort_ms": 50.0, "board_gzip_bytes": 1_000_000}
KINDS: Final = ("load_ms", "sort_ms", "sort_painted_ms", "sort_whole_ms")
LISTEN: Final = """
new MutationObserver((_, observer) => {
  if (!document.documentElement.dataset.ready) return;
  observer.disconnect();
  requestAnimationFrame(() => setTimeout(() => { window.loadedMs = performance.now(); }));
}).observe(document, {subtree: true, childList: true, attributes: true});
"""
SORT: Final = """
new Promise((resolve) => {
  const table = document.querySelector("#board-table");
  const n_rows = table.tBodies[0].rows.length;
  const began = performance.now();
  table.querySelector(`button[data-key="${KEY}"]`).click();
  table.getBoundingClientRect();
  const laidOut = performance.now() - began;
  requestAnimationFrame(() => setTimeout(() => {
    const painted = performance.now() - began;
    const whole = () => {
      if (table.tBodies[0].rows.length < n_rows) return void setTimeout(whole, 1);
      resolve([laidOut, painted, performance.now() - began]);
    };
    whole();
  }));
})
"""


def made_figure(numbers: random.Random, *, digits: int, top: float, n_rows: int) -> list[float]:
    """Return a figure as the board's list: value, interval, rank, tie groups, flags."""
    value = numbers.uniform(0.1, 0.95)
    half = numbers.uniform(0.015, 0.06)
    bounds = [min(max(bound, 0.0), 1.0) for bound in (value, value - half, value + half)]
    place = int((1 - value) * n_rows)
    rank = max(1, place - numbers.randint(0, 30))
    first = max(1, rank // 3)
    figure = [round(bound * top, digits) for bound in bounds]
    return [*figure, rank, first, first + numbers.randint(0, 12), *([32] if value < 0.4 else [])]


def made_row(number: int, tasks: list[str], numbers: random.Random, n_rows: int) -> dict[str, Any]:
    """Return a row of the board with every figure of every task."""
    figures = {
        task: {
            "figures": {
                column.key: made_figure(
                    numbers,
                    digits=column.digits,
                    top={"percent": 100.0, "plain": 1.0, "0-5": 5.0, "count": 900.0}.get(
                        column.unit, 3.0
                    ),
                    n_rows=n_rows,
                )[: None if column.ranked else 1]
                for column in BOARD_COLUMNS
            },
            "n": {"queries": 2000, "scored": 2000, "unparsed": numbers.randint(0, 90)},
        }
        for task in tasks
    }
    family = numbers.choice(("vlp", "sft", "rft", "base"))
    return {
        "id": f"model-{number:03d}", "name": f"Model {number:03d} + {family.upper()}",
        "title": "", "kind": "entry", "tier": numbers.choice(("recomputed", "partial")),
        "family": family, "size": numbers.choice(("2B", "3B", "7B", "32B")),
        "hardware": "1 x H100", "url": "", "prompt": "official", "policy": "paper",
        "video_input": "shown", "notes": [], "tasks": figures,
    }  # fmt: skip


def made_board(n_rows: int, n_tasks: int, *, seed: int = 0) -> dict[str, Any]:
    """Return a board of made-up rows with its floors, in the form of data/board.json."""
    numbers = random.Random(seed)
    names = [f"hi_made{number}" for number in range(n_tasks)]
    rows = [made_row(number, names, numbers, n_rows) for number in range(n_rows)]
    for kind, name in (("blind", "blind"), ("floor", "always refuse"), ("floor", "always ground")):
        row = made_row(0, names, numbers, n_rows)
        rows.append(row | {"id": f"floor-{name.replace(' ', '_')}", "name": name, "kind": kind})
    tasks = [
        {
            "name": name, "title": f"Made-up task {name}", "kind": "task", "members": [name],
            "n_queries": 2000, "n_relevant": 1000, "n_irrelevant": 1000, "n_videos": 800,
            "version": "1", "licence": "Apache-2.0", "levels": list(LEVELS),
            "categories": list(CATEGORIES), "pairs": True, "texts": False, "n_chunks": 0,
            "groups": [], "condition": "2,000 queries, policy paper",
        }
        for name in names
    ]  # fmt: skip
    columns = [
        {
            "key": column.key, "group": column.group, "label": column.label,
            "title": column.title, "unit": column.unit, "digits": column.digits,
            "higher_is_better": column.higher_is_better, "paper": column.paper,
            "ranked": column.ranked,
        }
        for column in BOARD_COLUMNS
    ]  # fmt: skip
    return {
        "schema_version": 1, "generated_by": "rarft", "tasks": tasks, "columns": columns,
        "notes": [], "entries": rows, "compare": {"all": True},
        "ranking": {"alpha": 0.05, "confidence": 0.95, "unit": "video", "family": ""},
    }  # fmt: skip


def made_details(board: Mapping[str, Any], *, seed: int = 0) -> dict[str, tuple[str, object]]:
    """Return what the plots load beside the board: slices of the first task, and every row's file.

    By file below data/: its key and its value.
    """
    numbers = random.Random(seed)
    task, rows = board["tasks"][0]["name"], board["entries"]

    def parts(names: tuple[str, ...]) -> dict[str, Any]:
        made = [made_figure(numbers, digits=1, top=100.0, n_rows=len(rows)) for _ in names]
        return {name: {"f1_irrelevant": one} for name, one in zip(names, made, strict=True)}

    slices = {
        "schema_version": 1, "task": task, "levels": LEVELS, "categories": CATEGORIES,
        "columns": ["f1_irrelevant"],
        "entries": {
            row["id"]: {"levels": parts(LEVELS), "categories": parts(CATEGORIES)} for row in rows
        },
    }  # fmt: skip
    curve = [[1 - place / 50, place / 50, 0.2 + place / 100] for place in range(1, 51)]
    files: dict[str, tuple[str, object]] = {f"slices/{task}": (f"slices:{task}", slices)}
    for row in rows:
        detail = {"schema_version": 1, "id": row["id"], "tasks": {task: {"risk_coverage": curve}}}
        files[f"entries/{row['id']}"] = (f"entry:{row['id']}", detail)
    return files


def browser_module() -> ModuleType:
    """Return the browser that the tests of the page drive."""
    spec = importlib.util.spec_from_file_location("leaderboard_browser", BROWSER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def measure(site: Path, profile: Path, browsing: ModuleType, n_loads: int) -> dict[str, Any]:
    """Load and sort the page of a site several times and return the milliseconds of each."""
    loads: list[float] = []
    sorts: list[list[float]] = []
    shown = 0
    async with browsing.running_browser(profile) as browser:
        await browser.call("Page.addScriptToEvaluateOnNewDocument", source=LISTEN)
        url = (site / "index.html").as_uri()
        for _ in range(n_loads):
            await browser.open(url, ready="window.loadedMs")
            loads.append(await browser.value_of("window.loadedMs"))
        rows = "document.querySelectorAll('#board-table tbody tr').length"
        await browser.until(f"{rows} > 40")
        shown = await browser.value_of(rows)
        for key in SORTED_BY * 3:
            sorts.append(await browser.value_of(SORT.replace("${KEY}", key)))
        assert not browser.complaints, browser.complaints
    timed = dict(zip(KINDS[1:], map(list, zip(*sorts, strict=True)), strict=True))
    return {"n_rows": shown, "load_ms": loads, **timed}


def summary(measured: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Return medians and the largest of what was measured, and the size of the data."""
    found: dict[str, Any] = {kind: round(median(measured[kind]), 1) for kind in KINDS}
    return {
        "n_rows": measured["n_rows"],
        **found,
        **{f"{kind}_max": round(max(measured[kind]), 1) for kind in KINDS},
        "board_bytes": len(text.encode()),
        "board_gzip_bytes": len(gzip.compress(text.encode(), 6)),
    }


def main() -> None:
    """Measure, print, and keep the results."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--tasks", type=int, default=9)
    parser.add_argument("--loads", type=int, default=7)
    parser.add_argument("--output", type=Path, default=RESULTS)
    given = parser.parse_args()
    browsing = browser_module()
    board = made_board(given.rows, given.tasks)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        site = browsing.put_site(
            Path(folder, "site"), {"board": ("board", board), **made_details(board)}
        )
        text = (site / "data" / "board.js").read_text("utf-8")
        measured = asyncio.run(measure(site, Path(folder, "profile"), browsing, given.loads))
    found = {
        "command": f"python bench/leaderboard_page.py --rows {given.rows} --tasks {given.tasks}",
        "python": platform.python_version(),
        "limits": LIMITS,
        **summary(measured, text),
    }
    given.output.parent.mkdir(exist_ok=True)
    given.output.write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    print(json.dumps(found, indent=2))
    for name, limit in LIMITS.items():
        print(f"{name}: {found[name]} ({'within' if found[name] < limit else 'OVER'} {limit:g})")


if __name__ == "__main__":
    main()
