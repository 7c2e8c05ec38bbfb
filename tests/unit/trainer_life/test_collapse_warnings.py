"""When a policy is said to have collapsed, and how often."""

from types import SimpleNamespace

import pytest

from rarft.trainer.collapse import CollapseWarnings, CollapseWatch, collapse_of
from rarft.trainer.watched_rewards import REFUSED_IRRELEVANT, REFUSED_RELEVANT


def feed(watch: CollapseWatch, rates: list[tuple[float | None, float | None]]) -> list[str]:
    said = [watch.see(*rate, step=step) for step, rate in enumerate(rates, start=1)]
    return [one for one in said if one is not None]


@pytest.mark.parametrize(
    ("relevant", "irrelevant", "expected"),
    [
        (0.9, 0.9, "refuses everything"),
        (0.89, 1.0, None),
        (0.0, 1.0, None),
        (0.02, 0.02, "refuses nothing"),
        (0.0, 0.03, None),
    ],
)
def test_both_rates_must_be_beyond_the_bound(relevant, irrelevant, expected):
    assert collapse_of(relevant, irrelevant) == expected


def test_nothing_is_said_before_the_window_is_full():
    assert feed(CollapseWatch(window=3), [(1.0, 1.0)] * 2) == []


def test_the_mean_over_the_window_counts():
    # Means over two: 0.80, then 0.95.
    said = feed(CollapseWatch(window=2), [(0.7, 1.0), (0.9, 1.0), (1.0, 1.0)])
    assert len(said) == 1
    assert said[0].startswith(
        "step 3: the policy refuses everything (95.0% of relevant and 100.0% of irrelevant queries "
        "over the last 2 logging steps): "
    )
    assert "beta" in said[0]


def test_an_episode_is_told_once_and_a_wobble_does_not_end_it():
    # 0.85 is below the bound of 0.9, but not by the 0.1 that ends an episode.
    watch = CollapseWatch(window=1)
    assert len(feed(watch, [(1.0, 1.0), (0.85, 1.0), (1.0, 1.0), (0.95, 0.95)])) == 1


def test_a_second_episode_is_told_again():
    watch = CollapseWatch(window=1)
    assert len(feed(watch, [(1.0, 1.0), (0.3, 0.9), (1.0, 1.0)])) == 2


def test_never_refusing_names_the_base_and_unlearning_names_the_rate():
    from_start = feed(CollapseWatch(window=1), [(0.0, 0.0)])
    unlearned = feed(CollapseWatch(window=1), [(0.0, 0.4), (0.0, 0.0)])
    assert "start from a base that refuses" in from_start[0]
    assert "refusals were unlearned" in unlearned[0]


def test_a_step_without_relevant_queries_leaves_their_mean_alone():
    said = feed(CollapseWatch(window=2), [(1.0, 1.0), (None, 1.0), (1.0, 1.0)])
    assert len(said) == 1
    assert said[0].startswith("step 3")


def test_the_callback_reads_training_logs_in_the_main_process_only(caplog):
    logs = {"reward": 0.5, REFUSED_RELEVANT: 1.0, REFUSED_IRRELEVANT: 1.0}
    main = SimpleNamespace(is_world_process_zero=True, global_step=7)
    other = SimpleNamespace(is_world_process_zero=False, global_step=7)
    callback = CollapseWarnings(window=1)
    callback.on_log(None, other, None, logs=logs)
    callback.on_log(None, main, None, logs={"eval_reward": 0.5})
    assert callback.warnings == []
    callback.on_log(None, main, None, logs=logs)
    assert len(callback.warnings) == 1
    assert "refuses everything" in caplog.text
