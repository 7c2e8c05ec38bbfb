"""Every way an entry can lie that is known here: each is refused, with the right reason.

Unless an attack is about hashes, the manifest is made to match what was changed.
"""

import importlib.util
import random
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from rarft.leaderboard.entries import EntryRefused, RefusalReason
from rarft.leaderboard.verification import verify

_SPEC = importlib.util.spec_from_file_location(
    "tampered_entries", Path(__file__).with_name("tampered_entries.py")
)
by = importlib.util.module_from_spec(_SPEC)
sys.modules[_SPEC.name] = by
_SPEC.loader.exec_module(by)

forged, Change, SAMPLES, TASK = by.forged, by.Change, by.SAMPLES, by.TASK


@dataclass(frozen=True)
class Attack:
    """One tampered entry: which good entry, what is changed in it, why it has to be refused.

    `change` edits it before it is written; `after` edits the files, and does its own hashing.
    `matched`: the figures are computed again from the changed samples.
    """

    name: str
    reason: RefusalReason
    change: Change = lambda draft: None
    after: Change = lambda draft: None
    entry: str = "replayed"
    matched: bool = False


@pytest.fixture(scope="module")
def shelf():
    return forged.own_shelf()


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    folder = tmp_path_factory.mktemp("entries")
    return {
        "replayed": forged.replayed_entry(folder, "replayed"),
        "limited": forged.replayed_entry(folder, "limited", limit=30.0),
        "other_set": forged.replayed_entry(folder, "other_set", metadata={**forged.SET, "seed": 1}),
        "refusing": forged.made_entry(folder, "refusing"),
        "blind": forged.made_entry(folder, "blind", "blind"),
        "random": forged.made_entry(folder, "random", "random"),
        "grounding": forged.made_entry(folder, "grounding", "always_ground"),
    }


ATTACKS = [
    # files
    Attack("a file changed after it was hashed", "hash_mismatch",
           after=lambda draft: (draft.path / "entry.json").write_text("{}")),
    Attack("a pickle beside the samples", "unlisted_file", after=by.put_pickle),
    Attack("a pickle that the manifest lists", "unlisted_file", after=by.put_listed_pickle),
    Attack("a pickle named as samples", "malformed_parquet", after=by.pickle_as_samples),
    Attack("results.json is a link", "not_a_plain_file", after=by.link_results),
    Attack("the folder of samples is a link", "not_a_plain_file", after=by.link_samples),
    Attack("a pipe that never ends", "not_a_plain_file", after=by.pipe_as_train),
    Attack("a listed file above the entry", "unsafe_path",
           after=by.manifest(lambda record: record["files"].update({"../board.json": "0" * 64}))),
    Attack("a listed file of the machine", "unsafe_path",
           after=by.manifest(lambda record: record["files"].update({"/etc/passwd": "0" * 64}))),
    Attack("an entry named as another folder", "unsafe_path",
           after=by.manifest(lambda record: record.update(entry="../../board"))),
    Attack("an entry named as a floor's row", "unsafe_path",
           after=by.manifest(lambda record: record.update(entry="floor-blind"))),
    Attack("no manifest", "not_an_entry",
           after=lambda draft: (draft.path / "manifest.json").unlink()),
    Attack("no samples", "missing_file", after=lambda draft: (draft.path / SAMPLES).unlink()),
    # JSON
    Attack("results.json of 9 MB", "too_large",
           after=lambda draft: (draft.path / "results.json").write_text(" " * 9_000_000)),
    Attack("JSON nested a thousand deep", "too_deep",
           after=by.rewritten("results.json", lambda text: "[" * 1000 + "]" * 1000)),
    Attack("NaN among the figures", "not_finite", by.figure("f1_avg", float("nan"))),
    Attack("an infinite figure", "not_finite",
           after=by.rewritten("results.json", lambda text: text.replace(": 42", ": 1e999", 1))),
    Attack("a key twice", "duplicate_key",
           after=by.rewritten("entry.json", lambda text: text.replace("{", '{"name": "a", ', 1))),
    Attack("half a results.json", "malformed_json",
           after=by.rewritten("results.json", lambda text: text[: len(text) // 2])),
    Attack("a section of code to load", "schema",
           by.set_in("configs", value={"class": "os.system"})),
    Attack("results of another schema", "schema_version", by.set_in("schema_version", value=2)),
    Attack("flags that cannot be", "schema", by.set_in("config", "policy", value="kind")),
    Attack("arguments that are no object", "schema",
           by.set_in("config", "model_args", value="x" * 9)),
    Attack("a seed of forty digits", "not_finite", by.set_in("config", "seed", value=10**40)),
    Attack("a form that nobody reads", "schema", by.set_in("model", "form", value="mind")),
    Attack("a billion resamples", "too_large", by.set_in("config", "n_resamples", value=10**9)),
    # what it says of itself
    Attack("a name that turns the text around", "bad_text", by.about(name="model \u202egnp.js")),
    Attack("an address that runs a script", "bad_text", by.about(url="javascript:alert(1)")),
    Attack("notes without end", "too_large", by.about(notes="x" * 3000)),
    Attack("a tier that does not exist", "claimed_tier", by.about(claimed_tier="gold")),
    Attack("a tier above what its samples give", "claimed_tier",
           by.about(claimed_tier="recomputed"), entry="limited"),
    # Parquet
    Attack("another compression", "parquet_layout", after=by.repacked(compression="gzip")),
    Attack("a dictionary that unpacks to gigabytes", "parquet_layout", after=by.bomb),
    Attack("a nested column", "parquet_layout", after=by.nested_column),
    # rows
    Attack("a query twice", "duplicate_query", by.duplicate_row),
    Attack("a query left out", "missing_query", lambda draft: draft.rows.pop(3)),
    Attack("a query of no task", "unknown_query",
           lambda draft: draft.rows[3].update(query_id="999999-0")),
    Attack("a query twice in another spelling", "unknown_query", by.respell_row),
    Attack("queries in another order", "query_order", by.swap_rows),
    Attack("a relevance score that is no number", "not_finite",
           lambda draft: draft.rows[2].update(relevance_score=float("nan"))),
    Attack("a span that ends before it starts", "bad_sample",
           by.predicted({"spans": [[9.0, 3.0]]}, kind="grounded")),
    Attack("a span without end", "not_finite",
           by.predicted({"spans": [[0.0, float("inf")]]}, kind="grounded")),
    Attack("a judgement of no category", "bad_judgement", by.judged(value=["Action/Everything"])),
    Attack("judgements nested too deep", "too_deep", by.many_nested),
    Attack("an unjudged reply where the rule reads", "bad_sample", by.unjudge),
    # tasks
    Attack("a task nobody knows", "unknown_task", by.rename_task, after=by.rename_samples),
    Attack("samples of another version", "task_version",
           by.set_in("provenance", "tasks", TASK, "version", value=0.9)),
    Attack("another version beside the figures", "task_version",
           by.set_in("versions", TASK, value=2.0)),
    Attack("another digest of the rows", "task_rows",
           by.set_in("provenance", "tasks", TASK, "rows_sha256", value="0" * 64)),
    Attack("samples of another set of the task", "task_rows", entry="other_set"),
    Attack("a part of the task as the whole", "count_differs", by.whole_task, entry="limited"),
    Attack("another licence of the annotation", "provenance_differs",
           by.set_in("provenance", "tasks", TASK, "licence", value="none")),
    # predictions
    Attack("a span moved", "prediction_differs", by.ground_right, matched=True),
    Attack("a grounding turned into a refusal", "prediction_differs",
           by.refuse_instead, matched=True),
    Attack("an explanation in better words", "prediction_differs",
           by.predicted({"explanation": "The ball is red, not blue."}, kind="refused"),
           matched=True),
    Attack("a correction that was not written", "prediction_differs",
           by.predicted({"correction": "a blue ball rolls"}, kind="refused"), matched=True),
    Attack("an unreadable reply read", "prediction_differs",
           by.predicted({"kind": "refused", "reason": ""}, kind="unparsed"), matched=True),
    Attack("a prediction without its reply", "prediction_differs", by.silence, matched=True),
    Attack("words of a model without words", "prediction_differs",
           by.predicted({"explanation": "There is no dog."}, kind="refused"), entry="refusing"),
    Attack("flags of an answer without words", "prediction_differs",
           by.predicted({"flags": ["reversed"]}, kind="grounded"), entry="blind"),
    *(
        Attack(f"a better answer of the floor {name}", "prediction_differs", by.answer_right,
               entry=entry, matched=True)
        for entry, name in (("refusing", "always_refuse"), ("grounding", "always_ground"),
                            ("blind", "blind"), ("random", "random"))
    ),
    Attack("better scores of the blind floor", "prediction_differs", by.score_right, entry="blind",
           matched=True),
    Attack("scores of a floor that gives none", "prediction_differs", by.score_right,
           entry="refusing", matched=True),
    Attack("a wrong answer of a floor called a failure", "prediction_differs", by.fail_wrong,
           entry="refusing", matched=True),
    Attack("a blind floor that learned elsewhere", "prediction_differs", by.learned_elsewhere,
           entry="blind", matched=True),
    Attack("a floor with arguments of its own", "provenance_differs",
           by.set_in("config", "model_args", value={"answers": "mine"}), entry="random"),
    # judgements
    Attack("categories as the reference has them", "judgement_differs", by.oracle_categories,
           matched=True),
    Attack("a judgement left out", "judgement_differs", by.drop_judgement, matched=True),
    Attack("a judgement of a false grounding", "judgement_differs",
           by.judge_grounding, matched=True),
    Attack("a judgement by somebody else", "judgement_differs", by.judged(judge="mother")),
    Attack("a refusal left unscored", "judgement_differs", by.judged(value=None, reason="no time"),
           matched=True),
    # figures
    Attack("a higher score", "score_differs", by.figure("f1_avg", 0.99)),
    Attack("a score higher by a millionth", "score_differs", by.count("ra_miou", 1e-6)),
    Attack("a score as a truth", "score_differs", by.figure("f1_relevant", True)),
    Attack("a score as text", "score_differs", by.figure("f1_relevant", "0.9")),
    Attack("a bad score left out", "score_differs", lambda draft: draft.figures.pop("rt_iou,none")),
    Attack("a figure nobody computes", "score_differs", by.figure("f1_magic", 1.0)),
    Attack("a higher score of a slice", "score_differs", by.figure("f1_irrelevant/strong", 1.0)),
    Attack("another name in the table", "score_differs",
           by.set_in("results", TASK, "alias", value="=HYPERLINK(1)")),
    Attack("a narrower interval", "interval_differs", by.narrow),
    Attack("intervals of another seed", "interval_differs", by.other_seed),
    Attack("scores of another policy", "score_differs",
           by.set_in("config", "policy", value="strict")),
    Attack("fewer unreadable replies", "count_differs", by.count("n_unparsed", -1)),
    Attack("fewer unscored refusals", "count_differs", by.count("n_judged_categories", 1)),
    Attack("more rows than there are", "count_differs",
           by.set_in("n-samples", TASK, value={"original": 2000, "effective": 42})),
    Attack("no count of the rows", "count_differs",
           lambda draft: draft.results["n-samples"].clear()),
    # floors
    Attack("a lower blind floor", "floor_differs", by.lower_blind),
    Attack("relevance scores of repeats that never were", "bad_sample",
           by.set_in("config", "repeats", value=7)),
    Attack("no floors", "floor_differs", lambda draft: draft.results["floors"].clear()),
    Attack("a blind floor that does not apply", "floor_differs",
           by.set_in("floors", TASK, "blind", value={"not_applicable": "one class"})),
    Attack("other constant categories", "floor_differs",
           by.set_in("floors", TASK, "always_refuse", "constant_categories", value=[])),
    # provenance
    Attack("a judge of another version", "provenance_differs",
           by.set_in("provenance", "judges", "relevance", "version", value="1")),
    Attack("a judge that never judged", "provenance_differs",
           by.set_in("provenance", "judges", "reasoning", value={"judge": "llm", "version": "1"})),
    Attack("a prompt in other words", "provenance_differs", by.other_prompt),
    Attack("a prompt called official", "provenance_differs", by.official_prompt),
    Attack("another seed than the flags'", "provenance_differs",
           by.set_in("provenance", "seed", value=1)),
    Attack("another backend than ran", "provenance_differs",
           by.set_in("provenance", "backend", value="bridge")),
    Attack("a backend that cannot run the model", "provenance_differs", by.other_backend),
    Attack("a model of another standing", "provenance_differs",
           by.set_in("model", "status", value="trained by everybody")),
    Attack("the name of another model", "provenance_differs",
           by.set_in("model", "name", value="ra_rft_time_r1")),
    Attack("the form of another model", "provenance_differs",
           by.set_in("model", "form", value="time_tag")),
]  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_a_tampered_entry_is_refused_with_its_reason(attack, good, shelf, tmp_path):
    draft = forged.taken_apart(good[attack.entry], tmp_path / "forged")
    attack.change(draft)
    if attack.matched:
        draft.match_figures(shelf)
    draft.write()
    attack.after(draft)
    with pytest.raises(EntryRefused) as refused:
        verify(draft.path, shelf=shelf)
    message = str(refused.value)
    assert refused.value.reason == attack.reason, message
    assert "\n" not in message
    assert "expected" in message


JUNK = (None, True, -1, 0.5, 10**17, "", "x", [], ["x"], {}, {"a": 1}, {"text": "x"}, [None])


def places(value, path=()):
    """Every place in a JSON value, the whole among them."""
    yield path
    keys = value if isinstance(value, dict) else range(len(value) if isinstance(value, list) else 0)
    for key in keys:
        yield from places(value[key], (*path, key))


@pytest.mark.parametrize("seed", range(40))
def test_junk_anywhere_in_what_an_entry_says_is_refused_or_means_nothing(
    seed, good, shelf, tmp_path
):
    generator = random.Random(seed)
    draft = forged.taken_apart(good["replayed"], tmp_path / "forged")
    section = generator.choice(("config", "provenance", "model", "floors", "n-samples"))
    path = generator.choice(list(places(draft.results[section])))
    by.set_in(section, *path, value=generator.choice(JUNK))(draft)
    draft.write()
    # Another exception than a refusal would end a site's build at one bad entry.
    with suppress(EntryRefused):
        assert verify(draft.path, shelf=shelf).tier == "recomputed"


def test_there_are_forty_attacks_of_different_kinds():
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS) >= 40
    assert len({attack.reason for attack in ATTACKS}) >= 25


@pytest.mark.parametrize(
    "name", ["replayed", "refusing", "grounding", "blind", "random", "limited"]
)
def test_the_entries_that_are_tampered_with_are_good_before(name, good, shelf):
    verified = verify(good[name], shelf=shelf)
    assert verified.tier == ("partial" if name == "limited" else "recomputed")


def test_an_entry_taken_apart_and_written_again_is_still_good(good, shelf, tmp_path):
    draft = forged.taken_apart(good["replayed"], tmp_path / "same")
    draft.match_figures(shelf)
    assert verify(draft.path, shelf=shelf).tier == "recomputed"
