"""The rules by which rows of a board are compared, on small boards made here."""

import json
import random
from dataclasses import replace
from types import SimpleNamespace

import pytest

from rarft.harness.llm.prices import Price, Prices
from rarft.harness.metrics import QueryOutcome
from rarft.harness.metrics.explanations import ExplanationScores
from rarft.harness.report.schema import ModelEntry, Results
from rarft.harness.stages.task_figures import task_figures
from rarft.harness.types import Query
from rarft.leaderboard.paper import Paper, PaperCell, PaperRow, read_paper
from rarft.leaderboard.ranking.blind_restricted import blind_wrong_figure
from rarft.leaderboard.ranking.conditions import Asked, judged_alike, shared_condition
from rarft.leaderboard.ranking.drawn import drawn_figures
from rarft.leaderboard.site_data.board import board_record
from rarft.leaderboard.site_data.board_rows import BoardRow, BoardTask
from rarft.leaderboard.site_data.data_file import data_text, write_data
from rarft.leaderboard.site_data.group_figures import mean_drawn, task_groups
from rarft.leaderboard.site_data.measured_board import compared_pairs, measure_board
from rarft.leaderboard.site_data.paper_figures import paper_rows
from rarft.leaderboard.site_data.run_figures import run_cost
from rarft.leaderboard.site_data.site_videos import copy_videos
from rarft.leaderboard.types import AboutEntry, Sample

N_QUERIES = 80
LOCAL = {"judge": "local", "version": "1"}
LLM = {"judge": "llm", "version": "1.abc", "model": "gpt-5-mini"}


def queries_of(task):
    return tuple(
        Query(
            id=f"{n:02d}",
            task=task,
            video=f"{n // 2:02d}.mp4",
            text="",
            relevant=n % 2 == 0,
            record=f"{n // 2}",
        )
        for n in range(N_QUERIES)
    )


def board_task(name="hi_a"):
    return BoardTask(name=name, title=name, version="1", licence="", queries=queries_of(name))


def outcomes_of(task, *, right, seed, n=N_QUERIES, rt_iou=0.5):
    rng = random.Random(f"{task}{seed}")
    made = []
    for query in queries_of(task)[:n]:
        kind = "grounded" if (rng.random() < right) == query.relevant else "refused"
        score = rt_iou if kind == "refused" else 0.0
        made.append(
            QueryOutcome(
                query_id=query.id,
                video=query.video,
                record=query.record,
                relevant=query.relevant,
                predicted=kind,
                counts_as=kind,
                iou=float(kind == "grounded") if query.relevant else None,
                explanation=None if query.relevant else ExplanationScores(rt_iou=score),
            )
        )
    return tuple(made)


def row_of(
    name,
    *,
    right,
    tasks=("hi_a",),
    n=N_QUERIES,
    policy="paper",
    judge=LOCAL,
    kind="entry",
    family="sft",
):
    outcomes = {task: outcomes_of(task, right=right, seed=name, n=n) for task in tasks}
    figures = {task: task_figures(held, n_resamples=20, seed=0) for task, held in outcomes.items()}
    return BoardRow(
        id=name,
        kind=kind,
        tier="recomputed",
        about=AboutEntry(name=name, family=family),
        results=Results(
            schema_version=1,
            model=ModelEntry(name=name),
            results=figures,
            config={"policy": policy},
            provenance={"judges": {"relevance": {"judge": "rule"}, "categories": judge}},
        ),
        outcomes=outcomes,
    )


def figures_of(rows, tasks=("hi_a",), *, at="hi_a", **settings):
    board = measure_board([board_task(name) for name in tasks], rows, n_resamples=300, **settings)
    return board.figures[at]


def test_rows_that_were_asked_less_are_shown_without_a_rank():
    found = figures_of([row_of("a", right=0.9), row_of("b", right=0.5, n=40)])

    assert found["a"]["f1_avg"].rank == 1
    assert found["b"]["f1_avg"].rank is None
    assert found["b"]["f1_avg"].flags == ("other_conditions",)


def test_who_answers_few_queries_is_not_first_for_want_of_significance():
    few = row_of("few", right=0.2)
    lost = [replace(one, counts_as=None, status="missing") for one in few.outcomes["hi_a"][4:]]
    held = {"hi_a": (*few.outcomes["hi_a"][:4], *lost)}
    check = {"name": "left_out", "task": "hi_a", "outcome": "lacking", "detail": ""}
    few = replace(few, outcomes=held, verification={"checks": [check]})

    found = figures_of([row_of("a", right=0.9), few])

    assert found["a"]["f1_avg"].rank == 1
    assert found["few"]["f1_avg"].rank is None


def test_the_whole_task_is_ranked_however_many_rows_were_asked_less():
    rows = {"a": Asked(n_queries=80, policy="paper")}
    rows |= {f"{n}": Asked(n_queries=40, policy="paper") for n in range(5)}

    assert shared_condition(rows, n_in_task=80).ids == {"a"}
    assert len(shared_condition(rows, n_in_task=100).ids) == 5


def test_rows_of_another_policy_are_not_ranked_with_the_others():
    rows = [row_of(name, right=0.7) for name in "ab"] + [row_of("c", right=0.9, policy="strict")]

    found = figures_of(rows)

    assert found["c"]["f1_avg"].flags == ("other_conditions",)
    assert found["a"]["f1_avg"].rank == 1


def test_rows_judged_otherwise_are_ranked_by_what_no_judge_said():
    rows = [row_of(name, right=0.7) for name in "ab"] + [row_of("c", right=0.9, judge=LLM)]

    found = figures_of(rows)

    assert found["c"]["f1_avg"].rank == 1
    assert found["c"]["rt_iou"].rank is None
    assert found["c"]["rt_iou"].flags == ("other_conditions",)
    assert found["a"]["rt_iou"].rank == 1


def test_of_equally_usual_judges_the_first_in_the_alphabet_is_ranked():
    rows = {"a": row_of("a", right=0.7), "b": row_of("b", right=0.7, judge=LLM)}

    alike = judged_alike({name: row.results for name, row in rows.items()}, "rt_iou")

    assert alike == {"b"}


def test_two_rows_of_different_judges_have_no_difference_in_what_they_judged():
    from rarft.leaderboard.site_data.compare_page import compare_record

    rows = [row_of("a", right=0.7), row_of("b", right=0.5, judge=LLM)]
    board = measure_board([board_task()], rows, n_resamples=300)

    task = compare_record(board, *rows)["tasks"]["hi_a"]

    assert task["not_comparable"]["rt_iou"] == "different judges of categories"
    assert "rt_iou" not in task["figures"]
    assert task["figures"]["f1_avg"]["p_holm"] is not None


def test_rows_of_different_policies_are_not_compared():
    from rarft.leaderboard.site_data.compare_page import compare_record

    rows = [row_of("a", right=0.7), row_of("b", right=0.5, policy="strict")]
    board = measure_board([board_task()], rows, n_resamples=300)

    assert list(compare_record(board, *rows)["tasks"]["hi_a"]) == ["not_comparable"]


def test_a_group_ranks_the_rows_that_have_all_of_its_tasks_by_their_mean():
    tasks = ("hi_a", "hi_b")
    rows = [
        row_of("a", right=0.9, tasks=tasks),
        row_of("b", right=0.5, tasks=tasks),
        row_of("c", right=0.95),
    ]

    board = measure_board([board_task(name) for name in tasks], rows, n_resamples=300)
    found = board.figures["mean-hi"]

    assert set(found) == {"a", "b"}
    assert [found[name]["f1_avg"].rank for name in "ab"] == [1, 2]
    own = [board.figures[task]["a"]["f1_avg"].value for task in tasks]
    assert found["a"]["f1_avg"].value == pytest.approx(sum(own) / 2)
    assert found["a"]["f1_avg"].low < found["a"]["f1_avg"].value < found["a"]["f1_avg"].high


def test_tasks_of_a_group_are_drawn_independently_of_each_other():
    outcomes = outcomes_of("hi_a", right=0.7, seed=1)
    drawn = drawn_figures(outcomes, n_resamples=2000, seed=0)

    # The same task twice, drawn with one seed: without a reordering its mean would vary as it does.
    spread = mean_drawn([drawn, drawn])["f1_avg"].draws.std()

    assert spread == pytest.approx(drawn["f1_avg"].draws.std() / 2**0.5, rel=0.05)


def test_a_pattern_with_one_task_makes_no_group():
    assert task_groups(["hi_a", "ss_a", "ss_b"], {"hi_*": "hi", "ss_*": "ss"})[0].name == "mean-ss"
    assert len(task_groups(["hi_a", "ss_a", "ss_b"], {"hi_*": "hi", "ss_*": "ss"})) == 1


def test_of_many_rows_those_next_to_each_other_are_compared():
    rows = [row_of(f"e{n:02d}", right=0.5 + n / 100, family="ab"[n % 2]) for n in range(41)]
    floor = row_of("floor-blind", right=0.5, kind="blind")

    pairs, has_all = compared_pairs([*rows, floor])

    ordered = sorted(rows, key=lambda row: -row.results.results["hi_a"]["f1_avg,none"])
    assert not has_all
    assert len(pairs) < 41 * 4
    assert all(("e00" if n == 0 else f"e{n:02d}", "floor-blind") in pairs for n in range(41))
    first, second = ordered[0].id, ordered[1].id
    assert (min(first, second), max(first, second)) in pairs


def test_f1_where_the_blind_classifier_is_wrong_counts_those_queries_alone():
    outcomes = outcomes_of("hi_a", right=0.7, seed=1)
    wrong = {one.query_id for one in outcomes[:20]}
    right = {one.query_id: one.query_id not in wrong for one in outcomes}
    figures = task_figures(outcomes[:20], n_resamples=2, seed=0)

    found = blind_wrong_figure(outcomes, right, n_resamples=50, seed=0)

    assert found.point == figures["f1_avg,none"]
    assert found.n_videos == 10


def test_there_is_no_blind_restricted_figure_where_all_is_guessed():
    outcomes = outcomes_of("hi_a", right=0.7, seed=1)
    right = dict.fromkeys((one.query_id for one in outcomes), True)

    assert blind_wrong_figure(outcomes, right, n_resamples=5, seed=0) is None


def paper_of(*cells):
    rows = (PaperRow(id="paper:a+b", method="A + B", family="sft", size="7B"),)
    return Paper(source=read_paper().source, tables=(), rows=rows, cells=cells)


def cell(table, value, status="certain", note=""):
    return PaperCell(
        table=table,
        row="A + B",
        task="hi_a",
        column="f1_avg",
        value=value,
        status=status,
        note=note,
    )


def test_the_first_certain_cell_of_several_tables_counts_and_the_others_are_named():
    (row,) = paper_rows(paper_of(cell("1", 50.0, "uncertain"), cell("4", 60.0)))

    figure = row.figures["hi_a"]["f1_avg"]
    assert row.id == "paper-a-b"
    assert (figure.value, figure.source) == (0.6, "Table 4")
    assert figure.flags == ("reported",)
    assert figure.note == "Table 1 prints 50.0."


def test_an_uncertain_cell_is_marked_and_keeps_its_note():
    (row,) = paper_rows(paper_of(cell("1", 50.0, "uncertain", "Shifted.")))

    assert row.figures["hi_a"]["f1_avg"].flags == ("reported", "uncertain")
    assert row.figures["hi_a"]["f1_avg"].note == "Shifted."


def test_reported_rows_never_change_a_rank():
    rows = [row_of("a", right=0.9), row_of("b", right=0.5)]

    without = figures_of(rows)
    beside = figures_of(rows, paper=paper_of(cell("1", 99.0)))

    assert {name: beside[name] for name in "ab"} == dict(without)
    assert beside["paper-a-b"]["f1_avg"].rank is None


def test_every_cell_of_the_paper_is_on_the_board():
    paper = read_paper()
    rows = {row.row.method: row for row in paper_rows(paper)}

    for one in paper.cells:
        figure = rows[one.row].figures[one.task or "unnamed_set"][one.column]
        assert figure.value == one.figure or f"Table {one.table} prints" in figure.note


def test_dollars_are_those_of_the_model_that_was_asked():
    samples = [
        Sample(query_id="1", status="scored", n_prompt_tokens=1000, n_new_tokens=100, seconds=2.0),
        Sample(query_id="2", status="scored", n_prompt_tokens=3000, n_new_tokens=300, seconds=4.0),
        Sample(query_id="3", status="failed"),
    ]
    results = Results(
        schema_version=1,
        model=ModelEntry(name="openai"),
        results={},
        config={"model_args": {"model": "m-2026-01-01"}},
    )
    prices = Prices({"m": Price(prompt_usd=2.0, new_usd=8.0)})

    cost = run_cost(results, samples, prices=prices)

    # 1,000 queries of 2,000 and 200 tokens: 2 M at 2 USD and 0.2 M at 8 USD.
    assert cost["usd_per_1000"] == pytest.approx(5.6)
    assert (cost["n_prompt_tokens"], cost["n_new_tokens"], cost["seconds"]) == (2000, 200, 3.0)


def test_a_model_without_a_price_has_tokens_and_no_dollars():
    samples = [Sample(query_id="1", status="scored", n_prompt_tokens=10, n_new_tokens=1)]
    results = Results(schema_version=1, model=ModelEntry(name="mine"), results={})

    assert run_cost(results, samples)["usd_per_1000"] is None
    assert run_cost(results, samples)["n_prompt_tokens"] == 10
    assert run_cost(results, [])["n_prompt_tokens"] is None


def test_data_is_the_same_json_with_every_dangerous_sign_escaped():
    record = {"a<b": "</script>\u2028&amp;", "b": [1.5, None, "é"]}
    text = data_text(record)

    assert json.loads(text) == record
    assert not set("<>&\u2028\u2029") & set(text)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite_are_not_written(number):
    with pytest.raises(ValueError, match="JSON"):
        data_text({"v": number})


def test_a_lone_surrogate_does_not_stop_the_build(tmp_path):
    write_data(tmp_path, "x", "x", {"reply": "\ud800"})

    assert json.loads((tmp_path / "x.json").read_text(encoding="utf-8")) == {"reply": "?"}


def test_a_note_is_written_once_and_referred_to():
    paper = paper_of(cell("1", 50.0, note="Said once."))
    board = board_record(
        measure_board([board_task()], [row_of("a", right=0.7)], paper=paper, n_resamples=20),
        n_chunks={},
    )
    figure = board["entries"][1]["tasks"]["hi_a"]["figures"]["f1_avg"]

    assert board["notes"][figure[7]] == "Said once."
    assert figure == [50.0, None, None, None, None, None, 2, 0]


def loaded_task(metadata):
    return SimpleNamespace(name="hi_a", metadata=metadata)


def test_videos_of_a_folder_are_copied_and_names_cannot_leave_it(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "secret.mp4").write_bytes(b"secret")
    (tmp_path / "mine" / "00.mp4").write_bytes(b"video")
    queries = [
        Query(id=f"{n}", task="hi_a", video=video, text="", relevant=True, record=f"{n}")
        for n, video in enumerate(["00.mp4", "01.mp4", "../secret.mp4", "00.mp4/.."])
    ]

    copied = copy_videos(
        loaded_task({"licence": "CC-BY-NC-4.0"}),
        queries,
        tmp_path / "site",
        folders=[tmp_path / "mine"],
    )

    assert copied == {"00.mp4": "videos/hi_a/00.mp4"}
    assert (tmp_path / "site" / "videos/hi_a/00.mp4").read_bytes() == b"video"
    assert [p.name for p in (tmp_path / "site").rglob("*") if p.is_file()] == ["00.mp4"]
