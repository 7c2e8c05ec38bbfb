import json

import pytest

from rarft.harness.audit.artefacts import borrowed_artefacts
from rarft.harness.audit.audit_files import audit_record, write_audit
from rarft.harness.audit.benchmark import AuditedTask, audit_benchmark
from rarft.harness.audit.guesses import GuessFigure
from rarft.harness.audit.labels import borrowed_negatives
from rarft.harness.types import Span

KEYS = {
    "n_queries", "n_relevant", "n_irrelevant", "n_videos", "rows_sha256", "not_applicable",
    "blind_auc", "leakage", "blind_f1_avg", "blind_f1_relevant", "blind_f1_irrelevant",
    "guessability", "telling_ngrams", "cross", "artefacts", "borrowed_negatives", "duplicates",
    "contradictions", "refusals", "spans", "categories", "levels", "runs", "replaced_video",
    "load_report_quirks",
}  # fmt: skip


def audit_of(tasks, **options):
    audits = audit_benchmark(
        [AuditedTask(name=name, queries=tuple(queries)) for name, queries in tasks.items()],
        n_resamples=50,
        **options,
    )
    return audits, audit_record(audits, seed=0, n_resamples=50, limit=None)


def told_by_words(asked, *, task="t", n=40):
    return [
        asked(f"{i}", f"a person holds {'it happily' if i % 2 else 'it'}", i % 2 == 0,
              video=f"{task}{i % 10}.mp4", task=task)
        for i in range(n)
    ]  # fmt: skip


def codes(record, task):
    return [artefact["code"] for artefact in record["tasks"][task]["artefacts"]]


def artefact(record, task, code):
    return next(one for one in record["tasks"][task]["artefacts"] if one["code"] == code)


def test_swapped_negatives_are_named_in_one_sentence_with_the_counts(swapped):
    _, record = audit_of({"swapped": swapped})
    task = record["tasks"]["swapped"]
    assert task["blind_auc"] < 0.2
    assert task["leakage"] == pytest.approx(1 - task["blind_auc"])
    found = artefact(record, "swapped", "negatives_are_other_videos_positives")
    assert found["counts"]["borrowed"] == found["counts"]["irrelevant"] == 30
    assert found["counts"]["texts"] == found["counts"]["balanced_texts"] == 30
    assert "30 of 30 (100%)" in found["sentence"]
    assert "that is leakage too" in found["sentence"]
    assert found["sentence"].count(". ") == 0
    assert found["examples"] == ["0-1", "1-1", "2-1", "3-1", "4-1"]


@pytest.mark.parametrize(
    ("value", "high", "is_named"), [(0.3, 0.4, True), (0.45, 0.49, False), (0.3, 0.55, False)]
)
def test_lent_negatives_are_blamed_for_an_auc_only_where_it_is_surely_low(
    swapped, value, high, is_named
):
    figures = {"auc": GuessFigure(value, 0.2, high)}
    (found,) = borrowed_artefacts(borrowed_negatives(swapped), figures)
    assert ("AUC" in found.sentence) is is_named
    assert ("auc" in found.counts) is is_named


def test_the_sentence_about_swaps_stands_for_the_low_auc_too(swapped):
    _, record = audit_of({"swapped": swapped})
    assert "words_tell_the_opposite" not in codes(record, "swapped")


def test_words_that_tell_the_class_are_named(asked):
    _, record = audit_of({"t": told_by_words(asked)})
    found = artefact(record, "t", "words_tell_the_class")
    assert found["counts"]["auc"] == 1.0
    assert "happily" in found["sentence"].split(" for relevant and ")[1]


def test_a_low_auc_without_swaps_is_leakage_too(asked):
    # A word has one label in its first video and the other one in its second.
    words = [f"w{chr(97 + k // 26)}{chr(97 + k % 26)}" for k in range(60)]
    queries = [
        asked(
            f"{k}{copy}", f"{word} {copy * 'x'}", (k + copy) % 2 == 0, video=f"{2 * k + copy}.mp4"
        )
        for k, word in enumerate(words)
        for copy in (0, 1)
    ]
    _, record = audit_of({"t": queries})
    assert codes(record, "t") == ["words_tell_the_opposite", "absent_span"]


def test_a_task_of_one_class_gets_the_checks_that_do_not_need_both(asked):
    queries = [asked("1", spans=(Span(1.0, 1.0),)), asked("2", spans=(Span(0.0, 1.0),))]
    audits, record = audit_of({"vtg": queries, "t": told_by_words(asked)})
    task = record["tasks"]["vtg"]
    assert "not applicable" in task["not_applicable"]
    assert task["blind_auc"] is task["leakage"] is task["guessability"] is None
    assert task["cross"]["t"]["not_applicable"]
    assert record["tasks"]["t"]["cross"]["vtg"]["not_applicable"]
    assert codes(record, "vtg") == ["duplicate_queries", "zero_length_span"]
    assert audits[0].probabilities is None


def test_every_task_has_every_field(asked, swapped):
    _, record = audit_of({"vtg": [asked("1")], "swapped": swapped})
    for task in record["tasks"].values():
        assert set(task) >= KEYS


def test_each_other_task_and_all_together_are_trained_on(asked, swapped):
    tasks = {"t": told_by_words(asked), "u": told_by_words(asked, task="u"), "s": swapped}
    _, record = audit_of(tasks)
    cross = record["tasks"]["t"]["cross"]
    assert list(cross) == ["u", "s", "all_others"]
    assert cross["u"]["auc"] == 1.0
    assert cross["all_others"]["n_trained"] == 100
    _, record = audit_of({"t": tasks["t"], "u": tasks["u"]})
    assert list(record["tasks"]["t"]["cross"]) == ["u"]


def test_guesses_are_written_for_every_query(asked, tmp_path):
    audits, record = audit_of({"t": told_by_words(asked)})
    write_audit(audits, record, tmp_path)
    rows = [
        json.loads(line) for line in (tmp_path / "guessability_t.jsonl").read_text().splitlines()
    ]
    assert len(rows) == 40
    assert set(rows[0]) == {
        "schema_version", "query_id", "relevant", "p_relevant", "guessed_right"
    }  # fmt: skip
    assert all(row["guessed_right"] for row in rows)
    assert all((row["p_relevant"] >= 0.5) == row["relevant"] for row in rows)


def test_the_same_tasks_give_the_same_bytes(asked, swapped, tmp_path):
    for name in ("one", "two"):
        write_audit(*audit_of({"s": swapped, "t": told_by_words(asked)}), tmp_path / name)
    for path in sorted((tmp_path / "one").iterdir()):
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_guesses_about_tasks_that_are_not_audited_are_removed(asked, tmp_path):
    write_audit(*audit_of({"t": told_by_words(asked)}), tmp_path)
    write_audit(*audit_of({"u": told_by_words(asked)}), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "audit.json", "guessability_u.jsonl"
    ]  # fmt: skip


def test_the_seed_decides_folds_and_resamples(asked):
    _, first = audit_of({"t": told_by_words(asked)}, seed=1)
    _, again = audit_of({"t": told_by_words(asked)}, seed=1)
    assert first == again
