"""Which figures of two runs are compared, and how they are written; no figure is a result."""

from dataclasses import replace

import pytest

from rarft.harness.metrics import QueryOutcome
from rarft.harness.metrics.explanations import ExplanationScores
from rarft.harness.report.compare_file import comparison_record
from rarft.harness.report.compare_judges import judge_notes
from rarft.harness.report.compare_runs import ComparedRun, ComparedRuns
from rarft.harness.report.compare_tables import comparison_markdown
from rarft.harness.report.compare_tasks import compare
from rarft.harness.report.schema import Results

RULE = {"judge": "rule", "version": "1"}
SBERT = {"judge": "sbert", "version": "1", "model": "MiniLM"}
LLM = {"judge": "llm", "version": "1", "model": "small"}
JUDGES = {"relevance": RULE, "similarity": SBERT, "reasoning": LLM}
N_QUERIES = 24


def outcomes(sbert, llm_score, *, n_unscored=0):
    """Half relevant; the refusals of the others score alike, the first of them nothing."""
    scores = ExplanationScores(sbert=sbert, llm_score=llm_score)
    lost = ExplanationScores(sbert=sbert, unscored=("llm_score",))
    return tuple(
        QueryOutcome(
            query_id=f"{n:02d}",
            video=f"{n // 4}.mp4",
            record=f"{n // 2}",
            relevant=n % 2 == 0,
            predicted="refused" if n % 2 else "grounded",
            counts_as="refused" if n % 2 else "grounded",
            iou=None if n % 2 else 0.5,
            explanation=(lost if n < 2 * n_unscored else scores) if n % 2 else None,
            relevance_score=-float(n % 2),
            candidate_iou=None if n % 2 else 0.5,
        )
        for n in range(N_QUERIES)
    )


def run(name, sbert=0.534, llm_score=2.5, *, n_unscored=0, **judges):
    results = Results.model_validate(
        {
            "schema_version": 1,
            "model": {"name": name},
            "results": {"t": {"sbert,none": sbert, "llm_score,none": llm_score}},
            "provenance": {"judges": JUDGES | judges},
        }
    )
    own = outcomes(sbert, llm_score, n_unscored=n_unscored)
    return ComparedRun(name=name, results=results, policy="paper", outcomes={"t": own})


def compared(*runs):
    return compare(ComparedRuns(runs=runs, tasks=("t",), notes=()), n_resamples=20)


def pair_of(comparison):
    (pair,) = comparison_record(comparison)["tasks"]["t"]["pairs"]
    return pair


def row_of(comparison, title):
    lines = comparison_markdown(comparison).splitlines()
    return next(line for line in lines if line.startswith(f"| {title}"))


def test_figures_of_a_measure_with_different_judges_are_not_compared():
    other = compared(run("a"), run("b", 0.4, similarity=SBERT | {"model": "mpnet"}))
    alike = compared(run("a"), run("b", 0.4))
    pair = pair_of(other)
    for key in ("sbert", "sbert_refused"):
        assert pair["not_comparable"][key] == "different judges of similarity"
        assert key not in pair["figures"]
    assert {"f1_avg", "ra_miou", "llm_score"} <= pair["figures"].keys()
    assert pair["mcnemar"]["n"] == N_QUERIES
    assert other.n_tests == alike.n_tests - 2
    assert row_of(other, "SBERT ≠") == "| SBERT ≠ | 0.53 | 0.40 | – | – | – | – |"
    assert "≠ rests on different judges" in comparison_markdown(other)
    assert "≠" not in comparison_markdown(alike)


def test_what_the_relevance_judge_reads_is_not_compared_across_relevance_judges():
    comparison = compared(run("a"), run("b", relevance=LLM))
    pair = pair_of(comparison)
    assert list(pair["figures"]) == ["auroc"]
    assert pair["mcnemar"] is None
    assert pair["not_comparable"]["mcnemar"] == "different judges of relevance"
    assert pair["not_comparable"]["f1_avg"] == "different judges of relevance"
    assert comparison.n_tests == 1
    assert comparison.tasks[0].pairs[0].mcnemar_p_holm is None
    assert "told right: not compared, different judges" in comparison_markdown(comparison)


def test_a_figure_with_different_judges_is_not_ranked():
    runs = [run("a"), run("b", 0.4), run("c", 0.5, similarity=SBERT | {"version": "2"})]
    ranks = comparison_record(compared(*runs))["tasks"]["t"]["ranks"]
    assert "sbert" not in ranks
    assert [one["rank"] for one in ranks["f1_avg"]] == [1, 1, 1]


def test_a_figure_that_one_run_lacks_is_shown_but_not_compared():
    comparison = compared(run("a"), run("b", llm_score=None))
    pair = pair_of(comparison)
    assert pair["not_comparable"]["llm_score"] == "not applicable to B"
    assert pair["not_comparable"]["rt_iou"] == "not applicable to either run"
    assert not {"llm_score", "rt_iou"} & pair["figures"].keys()
    assert all(None not in (one["a"], one["b"]) for one in pair["figures"].values())
    assert comparison.n_tests == sum(one["p"] is not None for one in pair["figures"].values())
    assert row_of(comparison, "LLM ") == "| LLM | 2.50 | – | – | – | – | – |"
    assert "RT-IoU" not in comparison_markdown(comparison)


def test_a_run_without_a_figure_has_no_rank_while_the_others_do():
    runs = [run("a"), run("b", llm_score=None, reasoning=None), run("c")]
    ranks = comparison_record(compared(*runs))["tasks"]["t"]["ranks"]["llm_score"]
    assert [(one["name"], one["rank"]) for one in ranks] == [("a", 1), ("c", 1), ("b", None)]


def test_similarities_and_scores_are_written_on_their_own_scale():
    comparison = compared(run("a"), run("b", 0.4, 2.0))
    assert row_of(comparison, "SBERT |").startswith("| SBERT | 0.53 | 0.40 | +0.13 ")
    assert row_of(comparison, "LLM |").startswith("| LLM | 2.50 | 2.00 | +0.50 ")
    assert row_of(comparison, "AUROC").startswith("| AUROC | 1.000 | 1.000 | +0.000 ")
    assert row_of(comparison, "F1 avg.").startswith("| F1 avg. | 100.0 | 100.0 | +0.0 ")
    assert "- Fractions in %; SBERT, AUROC, " in comparison_markdown(comparison)
    assert "from 0 to 1; LLM from 0 to 5; " in comparison_markdown(comparison)


def test_unscored_replies_are_counted_by_measure_and_run():
    comparison = compared(run("a", n_unscored=3), run("b", n_unscored=1))
    counted = pair_of(comparison)["n_unscored"]
    assert counted["reasoning"] == {"a": 3, "b": 1}
    assert counted["similarity"] == {"a": 0, "b": 0}
    line = "Unscored by the judges, in A and in B: reasoning 3 and 1."
    assert line in comparison_markdown(comparison)
    assert "Unscored" not in comparison_markdown(compared(run("a"), run("b")))


def test_replies_that_the_relevance_judge_could_not_read_are_unscored():
    one = run("a")
    unread = replace(
        one.outcomes["t"][1], status="unjudged", predicted=None, counts_as=None, explanation=None
    )
    own = (one.outcomes["t"][0], unread, *one.outcomes["t"][2:])
    pair = pair_of(compared(replace(one, outcomes={"t": own}), run("b")))
    assert pair["n_unscored"]["relevance"] == {"a": 1, "b": 0}
    assert pair["n_scored_by_b_alone"] == 1


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"reasoning": LLM | {"model": "large"}}, "reasoning: a llm 1 (small), b llm 1 (large)."),
        ({"reasoning": None}, "reasoning: a llm 1 (small), b none."),
        ({"relevance": LLM}, "relevance: a rule 1, b llm 1 (small)."),
    ],
)
def test_a_line_names_the_different_judges_of_a_measure(changed, said):
    (note,) = judge_notes([run("a").results, run("b", **changed).results], ["a", "b"])
    assert said in note


def test_judges_of_what_no_run_has_are_not_named():
    other = {"categories": {"judge": "local", "version": "2"}}
    assert judge_notes([run("a").results, run("b", **other).results], ["a", "b"]) == []
