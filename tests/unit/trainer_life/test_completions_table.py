"""What is kept and shown of completions."""

import io
import json
from collections import deque
from types import SimpleNamespace

import pytest
from rich.console import Console

from rarft.trainer.completions_table import CompletionsTable, completion_rows, sample_table
from rarft.trainer.progress import TrainingProgress, step_figures
from rarft.trainer.watched_rewards import report_kinds, watched_rewards

LOGS = {
    "completion": deque(
        [
            [{"role": "assistant", "content": "<answer>1.0 to 2.0</answer>"}],
            [{"role": "assistant", "content": "[bold]no dog[/bold]"}],
        ]
    ),
    "advantages": deque([0.5, -0.5]),
    "rewards": {"format": deque([1.0, float("nan")])},
    "extra": {"kind": deque(["grounded", "refused"]), "query_id": deque(["q1", "q2"])},
}


def test_a_row_holds_query_rewards_advantage_kind_and_text():
    rows = completion_rows(LOGS, step=4)
    assert rows[0] == {
        "schema_version": 1,
        "step": 4,
        "query_id": "q1",
        "kind": "grounded",
        "rewards": {"format": 1.0},
        "advantage": 0.5,
        "text": "<answer>1.0 to 2.0</answer>",
    }


def test_a_reward_that_does_not_apply_is_none():
    assert completion_rows(LOGS, step=4)[1]["rewards"] == {"format": None}


def test_a_logging_step_writes_one_file_and_prints_a_few(tmp_path):
    written = io.StringIO()
    table = CompletionsTable(LOGS, n_printed=2, console=Console(file=written, width=120))
    state = SimpleNamespace(is_world_process_zero=True, global_step=4)
    table.on_log(SimpleNamespace(output_dir=str(tmp_path)), state, None, logs={"reward": 1.0})
    lines = (tmp_path / "completions" / "completions_00004.jsonl").read_text().splitlines()
    assert [json.loads(line)["query_id"] for line in lines] == ["q1", "q2"]
    assert "[bold]no dog[/bold]" in written.getvalue()


@pytest.mark.parametrize(
    ("is_main", "logs"), [(False, {"reward": 1.0}), (True, {"train_runtime": 2.0}), (True, None)]
)
def test_other_processes_and_other_logs_write_nothing(tmp_path, is_main, logs):
    state = SimpleNamespace(is_world_process_zero=is_main, global_step=4)
    CompletionsTable(LOGS).on_log(SimpleNamespace(output_dir=str(tmp_path)), state, None, logs=logs)
    assert list(tmp_path.iterdir()) == []


def test_best_and_worst_are_shown():
    rows = [
        {
            "step": 1,
            "query_id": f"q{n}",
            "kind": "refused",
            "rewards": {},
            "advantage": float(n),
            "text": "",
        }
        for n in range(9)
    ]
    shown = list(sample_table(rows, n_rows=3).columns[0].cells)
    assert shown == ["q8", "q4", "q0"]


def test_rates_are_means_over_the_queries_of_each_kind():
    logged: dict[str, list[float]] = {}
    report_kinds(
        ["refused", "grounded", "refused", "unparsed"],
        [True, True, False, False],
        log_metric=lambda name, value: logged.setdefault(name, []).append(value),
    )
    means = {name: sum(values) / len(values) for name, values in logged.items()}
    assert means == {
        "refusal_rate/relevant": 0.5,
        "refusal_rate/irrelevant": 0.5,
        "unparsed_rate": 0.25,
    }


def test_the_first_reward_alone_reports_and_keeps_its_name_and_values():
    def first(completions, **columns):
        return [0.25 for _ in completions]

    def second(completions, **columns):
        return [1.0 for _ in completions]

    metrics, extra = [], {}
    watched = watched_rewards([first, second])
    values = watched[0](
        completions=["no dog is in the video", "<answer>1 to 2</answer>"],
        relevant=[True, False],
        query_id=["a", "b"],
        duration_s=[9.0, 9.0],
        log_metric=lambda name, value: metrics.append((name, value)),
        log_extra=lambda name, column: extra.update({name: column}),
    )
    assert values == [0.25, 0.25]
    assert [one.__name__ for one in watched] == ["first", "second"]
    assert watched[1] is second
    assert extra == {"kind": ["refused", "grounded"], "query_id": ["a", "b"]}
    assert ("refusal_rate/relevant", 1.0) in metrics


def test_figures_leave_out_what_was_not_logged():
    assert step_figures({"reward": None, "entropy": 0.5, "epoch": 1.0}) == {"entropy": "0.500"}


def test_progress_prints_each_logging_step_in_the_main_process():
    written = io.StringIO()
    progress = TrainingProgress(Console(file=written, width=200))
    state = SimpleNamespace(is_world_process_zero=True, global_step=2, max_steps=10)
    progress.on_train_begin(None, state, None)
    progress.on_step_end(None, state, None)
    progress.on_log(None, state, None, logs={"reward": 1.25, "frac_reward_zero_std": 0.5})
    progress.on_train_end(None, state, None)
    assert "step 2/10  reward 1.250  groups without spread 50.0%" in written.getvalue()


def test_progress_is_silent_elsewhere():
    written = io.StringIO()
    progress = TrainingProgress(Console(file=written))
    state = SimpleNamespace(is_world_process_zero=False, global_step=2, max_steps=10)
    progress.on_train_begin(None, state, None)
    progress.on_log(None, state, None, logs={"reward": 1.25})
    assert written.getvalue() == ""
