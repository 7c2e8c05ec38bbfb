"""The paper's tables, read twice by different readers, and checked by what the figures imply."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rarft.leaderboard.paper import Paper, PaperCell, cells_of, certain_cells, read_paper
from rarft.tasks import official

SECOND = Path(__file__).parents[2] / "golden" / "leaderboard" / "paper_second.json"
TASKS = Path(official.__file__).parent

ROUNDING = 0.1
"""Percentage points that figures of one decimal may be apart where they are equal."""

RECALLS = ("ra_iou@0.3", "ra_iou@0.5", "ra_iou@0.7")
F1 = ("f1_relevant", "f1_irrelevant", "f1_avg")
LEVELS = ("strong", "moderate", "weak")

# The irrelevant queries of each level in the official annotation files.
N_OF_LEVELS = {"hi_charades": (530, 363, 204), "hi_tvgbench": (267, 267, 266)}

# The second reader gave the columns of the table without irrelevant queries other names.
SAME_COLUMN = {
    ("7", "r@0.3"): "ra_iou@0.3",
    ("7", "r@0.5"): "ra_iou@0.5",
    ("7", "r@0.7"): "ra_iou@0.7",
    ("7", "miou_relevant"): "ra_miou",
}

Place = tuple[str, str, str, str]
"""Table, method, task, column."""

RowKey = tuple[str, str, str]
"""Table, method, task."""

F1_THAT_IS_NO_MEAN = {
    ("2", "Time-R1", "ss_activitynet"),
    ("3", "TRACE", "human_annotated"),
}
RA_IOU_THAT_F1_RULES_OUT = {("8", "Time-R1 + SFT", "hi_activitynet")}
LEVELS_THAT_MISS_THEIR_MEAN = {("10", "VideoChat-R1-think", "hi_charades")}
PRINTED_TWICE_DIFFERENTLY = {
    ("Time-R1", "hi_activitynet", "ra_miou"),
    ("Time-R1", "hi_activitynet", "sbert"),
    ("Time-R1", "hi_activitynet", "llm_score/weak"),
}


def normal_row(row: str, block: str) -> str:
    """A method's name without citation, qualifier and the spaces around its plus signs.

    A row that begins with a plus sign goes on from the method that its block names.
    """
    name = re.sub(r"\[[\d, ]+\]|\(ours\)|[*†]", "", row)
    if name.strip().startswith("+"):
        name = f"{block} {name}"
    return re.sub(r"\s*\+\s*", " + ", " ".join(name.split())).lower()


def place_of(cell: Mapping[str, Any]) -> Place:
    table, column = cell["table"], cell["column"]
    row = normal_row(cell["row"], cell["block"])
    return table, row, cell["task"], SAME_COLUMN.get((table, column), column)


def places(cells: Any) -> dict[Place, tuple[float, str]]:
    placed = {place_of(cell): (cell["value"], cell["status"]) for cell in cells}
    assert len(placed) == len(cells), "two cells in one place"
    return placed


def first_reading() -> dict[Place, tuple[float, str]]:
    return places(
        [{name: getattr(cell, name) for name in PaperCell.__slots__} for cell in read_paper().cells]
    )


def second_reading() -> dict[Place, tuple[float, str]]:
    return places(json.loads(SECOND.read_text(encoding="utf-8"))["cells"])


def differences(
    reading: Mapping[Place, tuple[float, str]], other: Mapping[Place, tuple[float, str]]
) -> list[str]:
    """What is certain in a reading, and absent from the other or another number there."""
    found = []
    for place, (value, status) in reading.items():
        if status == "certain" and (place not in other or other[place][0] != value):
            there = other[place][0] if place in other else "nothing"
            table, row, task, column = place
            found.append(f"Table {table}, {row}, {task or 'no set'}, {column}: {value} / {there}")
    return found


def rows_of(paper: Paper) -> Iterator[tuple[RowKey, dict[str, PaperCell]]]:
    """The certain cells of each row of each table and task, by column."""
    rows: defaultdict[RowKey, dict[str, PaperCell]] = defaultdict(dict)
    for cell in certain_cells(paper):
        rows[cell.table, cell.row, cell.task][cell.column] = cell
    yield from rows.items()


def shares_judged_right(f1_relevant: float, f1_irrelevant: float) -> tuple[float, float]:
    """The recalls of both classes that give two F1 (percentages) where the classes are as large.

    With p and q the recalls, F1 is 2p / (2 + p - q) of the one and 2q / (2 + q - p) of the other.

    >>> [round(share, 3) for share in shares_judged_right(200 / 3, 0.0)]
    [1.0, 0.0]
    """
    a, b = f1_relevant / 100, f1_irrelevant / 100
    determinant = (2 - a) * (2 - b) - a * b
    p = (2 * a * (2 - b) - 2 * a * b) / determinant
    q = (2 * b * (2 - a) - 2 * a * b) / determinant
    return p, q


def recall_of_slice(f1: float) -> float:
    """The recall that gives the F1 (a percentage) of queries of one class alone.

    >>> round(recall_of_slice(200 / 3), 3)
    0.5
    """
    return f1 / (200 - f1)


def test_the_second_reading_has_every_certain_cell_of_the_first() -> None:
    assert differences(first_reading(), second_reading()) == []


def test_the_first_reading_has_every_certain_cell_of_the_second() -> None:
    assert differences(second_reading(), first_reading()) == []


def test_a_changed_cell_is_named_by_its_table_row_task_and_column() -> None:
    reading = first_reading()
    changed = {**reading, ("1", "time-r1", "hi_charades", "f1_avg"): (68.3, "certain")}
    assert differences(reading, changed) == [
        "Table 1, time-r1, hi_charades, f1_avg: 68.2 / 68.3",
    ]


def test_most_cells_are_certain_in_both_readings() -> None:
    first, second = first_reading(), second_reading()
    certain = [
        place
        for place, (_, status) in first.items()
        if status == "certain" and second.get(place, (0.0, ""))[1] == "certain"
    ]
    assert len(certain) > 0.9 * len(first)


def test_twelve_tables_have_cells_and_every_cell_has_a_listed_table_row_and_task() -> None:
    paper = read_paper()
    tasks = {table.table: table.tasks or ("",) for table in paper.tables}
    methods = [row.method for row in paper.rows]
    assert list(tasks) == [str(number) for number in range(1, 13)]
    assert {cell.table for cell in paper.cells} == set(tasks)
    assert {cell.row for cell in paper.cells} == set(methods)
    assert len({row.id for row in paper.rows}) == len(methods) == len(set(methods))
    assert all(cell.task in tasks[cell.table] for cell in paper.cells)


def test_the_tasks_of_the_tables_are_tasks_that_can_be_run() -> None:
    names = {task for table in read_paper().tables for task in table.tasks}
    assert all((TASKS / f"{name}.yaml").is_file() for name in names)


def test_rows_of_a_table_have_as_many_figures_as_it_has_columns() -> None:
    counts: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for table, row, task in {(c.table, c.row, c.task) for c in read_paper().cells}:
        counts[table][
            sum((c.table, c.row, c.task) == (table, row, task) for c in read_paper().cells)
        ] += 1
    widths = {table: sorted(counted) for table, counted in counts.items()}
    # Without explanation figures in Table 3, and without LLM scores of RaTSG in Tables 6 and 10.
    assert widths == {
        **{table: [7] for table in ("1", "2", "8", "12")},
        "3": [7, 10],
        "4": [6],
        "5": [6],
        "6": [3, 6],
        "7": [4],
        "9": [3],
        "10": [3, 6],
        "11": [6],
    }


def test_every_uncertain_cell_says_why() -> None:
    assert [
        cell for cell in read_paper().cells if cell.status == "uncertain" and not cell.note
    ] == []


def test_blocks_that_are_shifted_or_stand_twice_are_uncertain() -> None:
    uncertain = Counter(
        (cell.table, cell.row, cell.task)
        for cell in read_paper().cells
        if cell.status == "uncertain"
    )
    assert uncertain == {
        ("1", "RaTSG", "hi_charades"): 7,
        ("1", "NA-VMR", "hi_charades"): 7,
        ("2", "RaTSG", "ss_charades"): 2,
        ("2", "NA-VMR", "ss_charades"): 2,
        ("2", "TimeChat", "ss_activitynet"): 1,
        ("2", "Time-R1 + RA-RFT", "ss_activitynet"): 7,
        ("3", "Time-R1", "human_annotated"): 3,
        ("3", "Time-R1 + RA-RFT", "human_annotated"): 3,
        ("3", "VideoChat-R1", "human_annotated"): 3,
        ("3", "VideoChat-R1 + RA-RFT", "human_annotated"): 3,
        ("3", "VideoChat-R1-think + RA-RFT", "human_annotated"): 3,
    }


@pytest.mark.parametrize(
    ("table", "row", "task", "column"),
    [
        ("2", "Time-R1 + RA-RFT", "ss_activitynet", "ra_miou"),
        ("2", "Time-R1 + RA-RFT", "ss_qvhighlights", "ra_miou"),
        ("2", "TimeChat", "ss_activitynet", "ra_miou"),
        ("2", "RaTSG", "ss_charades", "ra_iou@0.3"),
        ("2", "NA-VMR", "ss_charades", "ra_iou@0.7"),
        ("3", "RaTSG", "human_annotated", "ra_iou@0.5"),
        ("7", "RaTSG", "vtg_activitynet", "ra_iou@0.3"),
        ("8", "Time-R1 + SFT", "hi_activitynet", "ra_miou"),
    ],
)
def test_a_cell_that_the_paper_contradicts_says_so(
    table: str, row: str, task: str, column: str
) -> None:
    (cell,) = [
        cell
        for cell in read_paper().cells
        if (cell.table, cell.row, cell.task, cell.column) == (table, row, task, column)
    ]
    assert cell.note


def test_every_llm_score_names_both_ranges_and_every_charades_cell_both_counts() -> None:
    for cell in read_paper().cells:
        if cell.column.startswith("llm_score"):
            assert "from 1 to 5" in cell.note
            assert "from 0 to 5" in cell.note
        if cell.task == "hi_charades":
            assert "3.7K" in cell.note
            assert "2,194" in cell.note


def test_the_average_f1_is_the_mean_of_both_but_where_a_note_says_so() -> None:
    broken = set()
    for key, cells in rows_of(read_paper()):
        if all(column in cells for column in F1):
            relevant, irrelevant, average = (cells[column].value for column in F1)
            if abs((relevant + irrelevant) / 2 - average) > ROUNDING:
                broken.add(key)
                assert cells["f1_avg"].note
    assert broken == F1_THAT_IS_NO_MEAN


def test_recall_falls_with_the_threshold() -> None:
    for key, cells in rows_of(read_paper()):
        recalls = [cells[column].value for column in RECALLS if column in cells]
        assert recalls == sorted(recalls, reverse=True), key


def test_ra_iou_counts_no_more_than_f1_says_was_judged_right_but_where_a_note_says_so() -> None:
    broken = set()
    for key, cells in rows_of(read_paper()):
        if not all(column in cells for column in (*RECALLS, "ra_miou", *F1)):
            continue
        at_3, at_5, at_7 = (cells[column].value for column in RECALLS)
        p, q = shares_judged_right(cells["f1_relevant"].value, cells["f1_irrelevant"].value)
        refused, right = 50 * q, 50 * (p + q)
        # A query between two thresholds has at least the lower and at most the upper IoU.
        most = at_7 + 0.7 * (at_5 - at_7) + 0.5 * (at_3 - at_5) + 0.3 * max(right - at_3, 0)
        least = refused + 0.7 * (at_7 - refused) + 0.5 * (at_5 - at_7) + 0.3 * (at_3 - at_5)
        fits = refused - 2 * ROUNDING <= at_7 and at_3 <= right + 2 * ROUNDING
        if not (fits and least - 2 * ROUNDING <= cells["ra_miou"].value <= most + 2 * ROUNDING):
            broken.add(key)
            assert cells["ra_miou"].note
    assert broken == RA_IOU_THAT_F1_RULES_OUT


def test_no_explanation_figure_exceeds_what_the_refusals_can_give() -> None:
    paper = read_paper()
    n_checked = 0
    for row in paper.rows:
        for task in {cell.task for cell in paper.cells}:
            cells = cells_of(paper, row, task=task)
            if not {"f1_relevant", "f1_irrelevant", "sbert"} <= set(cells):
                continue
            _, q = shares_judged_right(cells["f1_relevant"].value, cells["f1_irrelevant"].value)
            assert cells["rt_iou"].figure <= q + 0.005, (row.method, task)
            assert cells["sbert"].figure <= q + 0.005, (row.method, task)
            assert cells["llm_score"].figure <= 5 * q + 0.025, (row.method, task)
            n_checked += 1
    assert n_checked == 3 * 9 + 7


@pytest.mark.parametrize(("table", "task"), [("10", "hi_charades"), ("11", "hi_tvgbench")])
def test_levels_weigh_up_to_the_whole_set_but_where_a_note_says_so(table: str, task: str) -> None:
    """Columns of Table 1 that are shifted would fail here, among them RaTSG's own row."""
    paper = read_paper()
    n_of_level = N_OF_LEVELS[task]
    broken = set()
    for row in paper.rows:
        cells = cells_of(paper, row, task=task)
        if "f1_irrelevant/strong" not in cells:
            continue
        recalls = [recall_of_slice(cells[f"f1_irrelevant/{level}"].value) for level in LEVELS]
        _, q = shares_judged_right(cells["f1_relevant"].value, cells["f1_irrelevant"].value)
        assert weighted(recalls, n_of_level) == pytest.approx(q, abs=0.0025), row.method
        if "llm_score" in cells:
            scores = [cells[f"llm_score/{level}"].value for level in LEVELS]
            if abs(weighted(scores, n_of_level) - cells["llm_score"].value) > 0.0125:
                broken.add((table, row.method, task))
                assert "Table 9" in cells["llm_score/weak"].note
    assert broken == {key for key in LEVELS_THAT_MISS_THEIR_MEAN if key[0] == table}


def weighted(values: list[float], weights: tuple[int, ...]) -> float:
    return sum(v * w for v, w in zip(values, weights, strict=True)) / sum(weights)


def test_figures_in_two_tables_are_equal_but_where_a_note_says_so() -> None:
    printed: defaultdict[tuple[str, str, str], list[PaperCell]] = defaultdict(list)
    for cell in certain_cells(read_paper()):
        whole = cell.row.replace("GRPO w/ R.IoU-Exp-Cor", "RA-RFT")
        printed[whole, cell.task, cell.column].append(cell)
    broken = {
        key: cells for key, cells in printed.items() if len({cell.value for cell in cells}) > 1
    }
    assert set(broken) == PRINTED_TWICE_DIFFERENTLY
    assert all(cell.note for cells in broken.values() for cell in cells)


def test_a_certain_cell_goes_before_an_uncertain_one_and_the_first_table_before_the_next() -> None:
    paper = read_paper()
    time_r1 = next(row for row in paper.rows if row.method == "Time-R1")
    assert cells_of(paper, time_r1, task="hi_activitynet")["ra_miou"].table == "1"
    doubted = replace(
        paper,
        cells=tuple(
            replace(cell, status="uncertain") if cell.table == "1" else cell for cell in paper.cells
        ),
    )
    assert cells_of(doubted, time_r1, task="hi_activitynet")["ra_miou"].table == "4"


def test_figures_have_the_unit_of_results() -> None:
    paper = read_paper()
    ours = next(row for row in paper.rows if row.id == "paper:time_r1+ra_rft")
    cells = cells_of(paper, ours, task="hi_charades")
    assert cells["f1_irrelevant"].figure == 0.692
    assert cells["f1_irrelevant/weak"].figure == 0.9
    assert cells["rt_iou"].figure == 0.391
    assert cells["sbert"].figure == 0.49
    assert cells["llm_score/strong"].figure == 1.95
