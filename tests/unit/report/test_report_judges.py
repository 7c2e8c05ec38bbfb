import pytest

from rarft.harness.report.judges import SEVERAL, judge_notes, judges_of, named_judge
from rarft.harness.report.schema import Results


@pytest.fixture
def make(explained):
    def run(changed=None, **options):
        record, _ = explained(n=4, **options)
        judges = record["provenance"]["judges"]
        record["provenance"]["judges"] = judges | (changed or {})
        return Results.model_validate(record)

    return run


def test_judges_stand_relevance_first_whatever_their_order_in_the_file(make):
    assert [one.measure for one in judges_of(make())] == [
        "relevance",
        "categories",
        "similarity",
        "reasoning",
        "correction",
    ]


@pytest.mark.parametrize("stored", [None, [], "llm", {"similarity": "sbert"}, {"other": {}}])
def test_what_is_no_judge_is_left_out(build, stored):
    record, _ = build(n=2)
    record["provenance"]["judges"] = stored
    results = Results.model_validate(record)
    assert judges_of(results) == ()
    assert judge_notes([results]) == []


def test_measures_of_one_judge_stand_together(make):
    assert judge_notes([make()]) == [
        "Judges: relevance by rule 1; categories by local 1 (synth_hi@0a1b); similarity, "
        "correction by sbert 1 (all-MiniLM-L6-v2@f121); reasoning by llm 1+7999c441 (org/a-judge)."
    ]


def test_a_run_that_explains_nothing_names_no_judge(make):
    assert judge_notes([make(figures={})]) == []


def test_a_relevance_judge_other_than_the_rules_is_always_named(make):
    judge = {"relevance": {"judge": "llm", "version": "1", "model": "m"}}
    assert judge_notes([make(judge, figures={})]) == ["Judges: relevance by llm 1 (m)."]


def test_a_measure_without_a_figure_is_not_said_to_be_judged(make):
    (note,) = judge_notes([make(figures={"sbert": 0.5})])
    assert note == "Judges: relevance by rule 1; similarity by sbert 1 (all-MiniLM-L6-v2@f121)."


def test_the_official_choice_of_text_is_said(make):
    judge = {"similarity": {"judge": "sbert", "version": "1", "text": "official"}}
    (note,) = judge_notes([make(judge, figures={"sbert": 0.5})])
    assert note.endswith("; judged text: official.")


def test_runs_with_the_same_judges_are_told_once_and_others_by_name(make):
    other = make({"reasoning": {"judge": "llm", "version": "2", "model": "another"}}, name="other")
    first = make()
    assert len(judge_notes([first, first])) == 1
    notes = judge_notes([first, other, first], labels=["a", "b", "c"])
    assert [note.partition(":")[0] for note in notes] == ["Judges of a, c", "Judges of b"]


def test_a_run_without_explanations_does_not_hide_the_judges_of_another(make):
    assert judge_notes([make(), make(figures={})]) == judge_notes([make()])


def test_runs_with_different_judges_share_no_name(make):
    other = make({"reasoning": {"judge": "combined", "version": "1", "model": "org/a-judge"}})
    assert named_judge([make(), other], "reasoning") == SEVERAL
    assert named_judge([make(), other], "similarity") == "all-MiniLM-L6-v2"
    assert named_judge([make(), make(figures={"sbert": 0.5})], "reasoning") == "a-judge"
    assert named_judge([make(figures={})], "reasoning") == ""
