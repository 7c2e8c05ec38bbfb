"""The board in a real browser: what is shown, sorted, filtered, copied and kept in the address."""

import csv
import io
import json
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
GOLDEN = ROOT / "tests" / "golden" / "leaderboard"
READY = "document.documentElement.dataset.ready"
NAMES = "#board-table tbody .name a"
NOTE = "A note of one figure."
DETAIL = "!document.querySelector('#detail').hidden && document.querySelector('#detail').innerText"


def figure(value: float, *rest: float | None) -> list[float | None]:
    return [value, *rest]


def row(name: str, *, kind: str = "entry", tier: str = "recomputed", **figures: Any) -> dict:
    return {
        "id": name.lower().replace(" ", "-"), "name": name, "title": "", "kind": kind,
        "tier": tier, "family": "rft", "size": "7B", "hardware": "", "url": "", "prompt": "",
        "policy": "paper", "video_input": "shown", "notes": [],
        "tasks": {"one": {"figures": figures, "n": {}}, "two": {"figures": figures, "n": {}}},
    }  # fmt: skip


def column(key: str, group: str, label: str, *, higher: bool = True, digits: int = 1) -> dict:
    return {
        "key": key, "group": group, "label": label, "title": f"Title of {key}",
        "unit": "percent" if digits == 1 else "plain", "higher_is_better": higher,
        "digits": digits, "paper": True, "ranked": True,
    }  # fmt: skip


def task(name: str) -> dict:
    return {
        "name": name, "title": f"Task {name}", "kind": "task", "members": [name], "n_queries": 4,
        "n_relevant": 2, "n_irrelevant": 2, "n_videos": 2, "version": "1", "licence": "",
        "levels": ["strong", "weak"], "categories": ["Action", "Action/FineGrainedAction"],
        "pairs": True, "texts": False, "n_chunks": 0, "groups": [], "condition": "",
    }  # fmt: skip


def made_board() -> dict:
    """A board by hand: A above B and C, which tie; D is of a paper; two floors and a blind row."""
    none = [None, None, None, None, None]
    rows = [
        row("B two", f1_avg=figure(60.0, 50.0, 70.0, 2, 2, 2, 32), aurc=figure(0.2, 0.1, 0.3, 1)),
        row("A one", f1_avg=figure(80.0, 72.5, 88.0, 1, 1, 1), aurc=figure(0.5, 0.4, 0.6, 2)),
        row("C three", tier="partial", f1_avg=figure(55.0, 45.0, 66.0, 2, 2, 2, 36)),
        row("D four", kind="paper", tier="reported", f1_avg=figure(70.0, *none, 3, 0))
        | {"family": "vlp", "size": ""},
        row("blind", kind="blind", f1_avg=figure(58.0, 50.0, 60.0, 2)),
        row("always refuse", kind="floor", f1_avg=figure(33.3)),
        row("always ground", kind="floor", f1_avg=figure(33.3)),
    ]
    columns = [
        column("f1_irrelevant", "F1", "irre."),
        column("f1_avg", "F1", "avg."),
        column("aurc", "thresholds", "AURC", higher=False, digits=3),
    ]
    return {
        "schema_version": 1, "generated_by": "rarft 0", "tasks": [task("one"), task("two")],
        "columns": columns, "notes": [NOTE], "entries": rows, "compare": {"all": True},
        "ranking": {"alpha": 0.05, "confidence": 0.95, "unit": "video", "family": ""},
    }  # fmt: skip


def made_slices() -> dict:
    parts = {
        "levels": {
            "strong": {"f1_irrelevant": [40.0, 30.0, 50.0, 1]},
            "weak": {"f1_irrelevant": [90.0]},
        },
        "categories": {"Action/FineGrainedAction": {"f1_irrelevant": [44.0]}},
    }
    return {
        "schema_version": 1, "task": "one", "levels": ["strong", "weak"],
        "categories": ["Action", "Action/FineGrainedAction"], "columns": ["f1_irrelevant"],
        "entries": {"a-one": parts},
    }  # fmt: skip


def made_entry(name: str) -> dict:
    curve = [[0.9, 0.25, 0.1], [0.5, 0.5, 0.2], [0.1, 1.0, 0.4]]
    return {"schema_version": 1, "id": name, "tasks": {"one": {"risk_coverage": curve}}}


def made_values(board: dict) -> dict[str, tuple[str, object]]:
    ids = [entry["id"] for entry in board["entries"]]
    return {
        "board": ("board", board),
        "slices/one": ("slices:one", made_slices()),
        "slices/two": ("slices:two", made_slices() | {"task": "two", "entries": {}}),
        **{f"entries/{name}": (f"entry:{name}", made_entry(name)) for name in ids},
    }


@pytest.fixture
def page(make_site) -> str:
    return (make_site(made_values(made_board())) / "index.html").as_uri()


async def state_of(browser: Any) -> dict[str, str]:
    return await browser.value_of("({...rarft.urlState.read()})")


def test_a_floor_that_was_asked_nothing_is_told_from_one_that_was(make_site, in_browser) -> None:
    board = made_board()
    asked = next(one for one in board["entries"] if one["id"] == "always-ground")
    asked["tasks"]["one"]["n"] = {"queries": 4, "scored": 4}
    page = (make_site(made_values(board)) / "index.html").as_uri()

    async def act(browser: Any) -> None:
        await browser.open(page, ready=READY)
        under = await browser.texts_of("#board-table tfoot .under")
        assert under == ["sees only the query", "floor", "floor, computed"]

    in_browser(act)


def test_rows_are_sorted_by_any_column_and_the_floors_stay_below(page, in_browser) -> None:
    async def act(browser: Any) -> None:
        await browser.open(page, ready=READY)
        assert await browser.texts_of(NAMES) == ["A one", "D four", "B two", "C three"]
        assert await browser.texts_of("#board-table tbody .rank") == ["1", "–", "2–3", "2–3"]
        assert await browser.texts_of("#board-table tfoot .name a") == [
            "blind",
            "always ground",
            "always refuse",
        ]
        await browser.click("[data-key='f1_avg']")
        assert await browser.texts_of(NAMES) == ["C three", "B two", "D four", "A one"]
        sorted_by = "document.querySelector('th[data-column=f1_avg]').ariaSort"
        assert await browser.value_of(sorted_by) == "ascending"
        assert await state_of(browser) == {"sort": "-f1_avg"}
        await browser.click("[data-key='name']")
        assert await browser.texts_of(NAMES) == ["A one", "B two", "C three", "D four"]
        await browser.open(f"{page}#cols=F1,thresholds&sort=aurc", ready=READY)
        # Less is better, and rows without the figure come last.
        assert await browser.texts_of(NAMES) == ["B two", "A one", "C three", "D four"]
        await browser.press("f")
        await browser.open(f"{page}#floors=inline", ready=READY)
        assert (await browser.texts_of(NAMES))[2:4] == ["B two", "blind"]
        assert not browser.complaints

    in_browser(act)


def test_filters_and_search_narrow_the_rows_and_the_address_keeps_them(page, in_browser) -> None:
    async def act(browser: Any) -> None:
        await browser.open(page, ready=READY)
        await browser.press("/")
        await browser.type("rft th")
        await browser.until("location.hash === '#q=rft+th'")
        assert await browser.texts_of(NAMES) == ["C three"]
        assert await browser.texts_of(".count") == ["1 of 4 rows"]
        await browser.open(f"{page}#tier=partial&family=rft", ready=READY)
        assert await browser.texts_of(NAMES) == ["C three"]
        await browser.click(".controls .plain")
        assert len(await browser.texts_of(NAMES)) == 4
        await browser.value_of("document.querySelector('#filter-family').value = 'vlp'")
        await browser.value_of(
            "void document.querySelector('#filter-family').dispatchEvent(new Event('change'))"
        )
        assert await browser.texts_of(NAMES) == ["D four"]
        await browser.open(f"{page}#q=nothing", ready=READY)
        assert await browser.value_of("!document.querySelector('.empty').hidden")
        await browser.open(
            f"{page}#task=gone&sort=gone&pick=gone&family=gone&cols=gone", ready=READY
        )
        assert await browser.texts_of(".count") == ["0 of 4 rows"]
        assert not browser.complaints

    in_browser(act)


def test_tabs_change_the_task_and_back_returns_to_it(page, in_browser) -> None:
    async def act(browser: Any) -> None:
        await browser.open(page, ready=READY)
        await browser.press("]")
        selected = "document.querySelector('[role=tab][aria-selected=true]').textContent"
        assert await browser.value_of(selected) == "Two"
        assert await state_of(browser) == {"task": "two"}
        await browser.value_of("history.back()")
        await browser.until(f"{selected} === 'One'")

    in_browser(act)


def test_levels_and_categories_come_as_columns_when_they_are_asked_for(page, in_browser) -> None:
    async def act(browser: Any) -> None:
        await browser.open(page, ready=READY)
        await browser.click("#columns")
        await browser.value_of(
            "[...document.querySelectorAll('.boxes label')]"
            ".find(e => e.textContent.includes('level')).click()"
        )
        await browser.until("document.querySelectorAll('.heads [data-column*=strong]').length")
        assert await state_of(browser) == {"cols": "RA-IoU,F1,irrelevant,replies,cost,levels"}
        heads = await browser.texts_of("#board-table .groups th")
        assert heads == ["F1", "F1 irre. by level"]
        cells = await browser.texts_of("#board-table tbody tr:first-child td.num")
        assert cells == ["80.072.5–88.0", "40.030.0–50.0", "90.0"]

    in_browser(act)


def test_a_cell_tells_its_figure_interval_rank_and_note(page, in_browser) -> None:
    async def act(browser: Any) -> None:
        await browser.open(page, ready=READY)
        await browser.press("t")
        for key in ("ArrowDown", "ArrowRight", "ArrowRight"):
            await browser.press(key)
        told = await browser.until(DETAIL)
        assert "D four" in told
        assert "70.0%" in told
        assert NOTE in told
        assert "Uncertain" in told
        assert await browser.value_of("document.activeElement.classList.contains('uncertain')")
        await browser.press("ArrowDown")
        told = await browser.value_of("document.querySelector('#detail').innerText")
        assert "95% interval 50.0 to 70.0" in told
        assert (
            "Rank 2: 1 row is significantly better; cannot be told apart from the rows down to 3"
            in told
        )
        await browser.press("Escape")
        assert await browser.value_of("document.querySelector('#detail').hidden")
        await browser.hover("#board-table tbody tr:first-child td.num")
        assert "Rank 1: no row is" in await browser.until(DETAIL)
        await browser.press("Enter")

    in_browser(act)


def test_the_table_is_copied_as_markdown_latex_and_csv(page, in_browser) -> None:
    async def act(browser: Any) -> list[str]:
        await browser.open(page, ready=READY)
        texts = []
        for name in ("Markdown", "LaTeX", "CSV"):
            await browser.click("#copy")
            # Without the right to write to the clipboard the text is shown to be copied by hand.
            await browser.value_of(
                "navigator.clipboard.writeText = () => Promise.reject(new Error())"
            )
            await browser.click(f"[data-form={name}]")
            texts.append(await browser.until("document.querySelector('.copied textarea').value"))
            await browser.press("Escape")
            await browser.until("!document.querySelector('.copied')")
        return texts

    markdown, latex, table = in_browser(act)
    lines = markdown.splitlines()
    assert lines[0] == "| Rank | Model | Tier | F1 avg. |"
    assert lines[2] == "| 1 | A one | recomputed | **80.0** [72.5–88.0] |"
    assert lines[3] == "| – | D four | reported | *70.0?* |"
    assert "\\begin{tabular}{rlr}" in latex
    assert "1 & A one & \\textbf{80.0} {\\scriptsize [72.5--88.0]} \\\\" in latex
    assert "2--3 & C three & 55.0$^\\dagger$" in latex
    rows = list(csv.reader(io.StringIO(table)))
    assert rows[0][:6] == ["rank", "model", "id", "kind", "tier", "f1_avg"]
    assert rows[1] == ["1", "A one", "a-one", "entry", "recomputed", "80", "72.5", "88", ""]
    assert len(rows) == 1 + 4 + 3


HOSTILE = ["=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", "＝1", "|calc", '"; =1', "a\n=1"]


def test_no_copied_cell_becomes_a_formula_a_command_or_markup(page, in_browser) -> None:
    async def act(browser: Any) -> list[list[str]]:
        await browser.open(page, ready=READY)
        given = json.dumps(
            [*HOSTILE, "\\input{/etc/passwd} $x$ 5%", "[x](javascript:1) <b> `a` | b"]
        )
        return await browser.value_of(
            f"{given}.map(t => ['csvText', 'latexText', 'markdownText'].map(k => rarft.copy[k](t)))"
        )

    copied = in_browser(act)
    for told, _, _ in copied:
        (cell,) = next(csv.reader(io.StringIO(told)))
        assert not re.match(r"[=+\-@|%\t\r\uff1d\uff0b\uff0d\uff20]", cell), cell
        assert "\n" not in cell
    assert copied[-2][1] == "\\textbackslash{}input\\{/etc/passwd\\} \\$x\\$ 5\\%"
    assert copied[-1][2] == "\\[x\\](javascript:1) \\<b\\> \\`a\\` \\| b"


def test_plots_are_drawn_of_picked_rows_and_say_the_same_in_a_table(page, in_browser) -> None:
    async def act(browser: Any) -> None:
        await browser.open(page, ready=READY)
        await browser.click("#board-table tbody tr:first-child .pick")
        assert await state_of(browser) == {"pick": "a-one"}
        await browser.value_of("document.querySelector('#plots').scrollIntoView()")
        await browser.until("document.querySelectorAll('#plot-levels, #plot-risk').length === 2")
        label = await browser.value_of("document.querySelector('#plot-levels svg').ariaLabel")
        assert "A one strong 40.0, weak 90.0" in label
        cells = await browser.texts_of("#plot-risk tbody tr *")
        assert cells == ["A one", "10.0", "20.0", "40.0", "40.0"]
        assert await browser.texts_of("#plot-levels tbody tr *") == [
            "A one",
            "40.0 (30.0–50.0)",
            "90.0",
        ]
        assert not browser.complaints

    in_browser(act)


def test_three_hundred_rows_of_nine_tasks_are_all_there_and_sort(
    make_site, in_browser, monkeypatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    bench = import_module("leaderboard_page")
    sys.modules.pop("leaderboard_page")
    board = bench.made_board(300, 9)
    url = (make_site({"board": ("board", board)}) / "index.html").as_uri()

    async def act(browser: Any) -> tuple[list[str], list[str], int]:
        await browser.open(url, ready=READY)
        # Rows out of sight follow those in sight.
        is_whole = f"document.querySelectorAll('{NAMES}').length === 300"
        await browser.until(is_whole)
        first = await browser.texts_of(NAMES)
        await browser.value_of("document.querySelector(\"[data-key='ra_miou']\").click()")
        await browser.until(is_whole)
        return first, await browser.texts_of(NAMES), len(await browser.texts_of("[role=tab]"))

    first, then, n_tabs = in_browser(act)
    entries = [entry for entry in board["entries"] if entry["kind"] == "entry"]
    for key, names in (("f1_avg", first), ("ra_miou", then)):
        by = {entry["name"]: entry["tasks"]["hi_made0"]["figures"][key][0] for entry in entries}
        assert names == sorted(by, key=lambda name: (-by[name], name.lower()))
    assert n_tabs == 9


@pytest.mark.skipif(not (GOLDEN / "board_small.json").is_file(), reason="needs the small board")
def test_the_rows_of_the_paper_are_shown_and_uncertain_cells_greyed(make_site, in_browser) -> None:
    board = json.loads((GOLDEN / "board_small.json").read_text("utf-8"))
    url = (make_site({"board": ("board", board)}) / "index.html").as_uri()

    async def act(browser: Any) -> None:
        await browser.open(f"{url}#task=hi_charades", ready=READY)
        assert "VideoChat-R1 + RA-RFT" in await browser.texts_of(NAMES)
        uncertain = await browser.texts_of("#board-table .uncertain")
        assert uncertain
        assert all("(uncertain)" in text for text in uncertain)
        assert set(await browser.texts_of("#board-table .paper .rank")) == {"–"}

    in_browser(act)
