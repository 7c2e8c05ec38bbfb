from io import StringIO

import pytest
from rich.console import Console

from rarft.harness.report import RunView, markdown_table, results_table, write_page
from rarft.harness.report.browser import judged_lines
from rarft.harness.report.outcomes import outcome_of
from rarft.harness.report.schema import Results, Sample

HOSTILE = '</li></ul><script>alert(1)</script><img src=x onerror=alert(2)>"\' onclick="x'


def printed(table, width):
    console = Console(width=width, record=True, file=StringIO())
    console.print(table)
    return console.export_text()


def html_of(record, samples, tmp_path, **options):
    rows = {task: tuple(map(Sample.model_validate, own)) for task, own in samples.items()}
    path = tmp_path / "report.html"
    view = RunView("run", Results.model_validate(record), rows)
    write_page([view, *options.get("others", [])], path)
    return path.read_text(encoding="utf-8")


def judged_sample(**judgement):
    one = {"judge": "llm", "version": "1", "model": "m"} | judgement
    return Sample(
        query_id="1",
        video="v",
        text="q",
        relevant=False,
        judgements={judgement.pop("measure", "reasoning"): one},
        explanation={"rt_iou": 0.5},
    )


@pytest.mark.parametrize("width", [80, 100, 120])
def test_no_cell_is_cut_when_every_mark_is_shown(explained, ranked, width):
    record, _ = explained(n=4)
    scores = record["results"]["synth_hi"]
    thresholds = ranked()[0]["results"]["synth_hi"]
    scores |= {key: value for key, value in thresholds.items() if key not in scores}
    scores["n_failed,none"] = 1
    for measure in ("categories", "similarity", "reasoning", "correction"):
        scores[f"n_unscored_{measure},none"] = 100
    shown = printed(results_table(Results.model_validate(record), width=width), width)
    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= width
    for text in ("46.5†‡100%", "2.68†‡100%", "0.49†‡100%", "0.812†", "synth_hi, n=4"):
        assert text in shown


def test_too_wide_explanations_are_split_where_their_group_ends(explained):
    record, _ = explained(n=4)
    results = Results.model_validate(record)
    assert printed(results_table(results), 80).count("RT-IoU  SBERT") == 2
    for measure in ("categories", "similarity", "reasoning", "correction"):
        record["results"]["synth_hi"][f"n_unscored_{measure},none"] = 100
    results = Results.model_validate(record)
    lines = printed(results_table(results), 80).splitlines()
    assert [line.split() for line in lines if "irrelevant" in line][:1] == [["irrelevant"]]
    assert any(line.split() == ["refused"] for line in lines)


def test_terminal_shows_figures_with_intervals_and_says_their_scale(explained):
    shown = printed(results_table(Results.model_validate(explained(n=4)[0])), 80)
    rows = [line.split() for line in shown[shown.index("Explanations") :].splitlines()]
    assert ["tiny", "(untrained)", "46.5", "0.53", "1.81", "0.49", "67.4", "0.76", "2.68"] in rows
    assert ["95%", "from", "45.5", "0.52", "1.80", "0.48", "66.4", "0.75", "2.67"] in rows
    assert ["always", "refuse", "21.2", "–", "–", "–", "–", "–", "–"] in rows
    assert "LLM from 0 to 5." in shown
    assert "Explanations within each level" not in shown


def test_a_task_that_explains_nothing_is_not_in_the_table_of_explanations(explained):
    record, _ = explained(n=4, tasks=("synth_hi", "vtg_charades"))
    shown = printed(results_table(Results.model_validate(record)), 80)
    assert shown.count("vtg_charades, n=4") == 2
    assert shown.count("synth_hi, n=4") == 3


def test_a_run_without_explanations_keeps_its_tables(build):
    shown = printed(results_table(Results.model_validate(build(n=4)[0])), 80)
    for word in ("Explanations", "Selective", "Judges", "RT-IoU", "constant set"):
        assert word not in shown


def test_markdown_has_a_table_each_with_the_encoder_in_its_heading(explained):
    shown = markdown_table([Results.model_validate(explained(n=4)[0])], intervals=True)
    first, second, third, *_ = shown.split("\n**Explanations")
    assert "RT-IoU" not in first
    assert "| irrelevant SBERT (all-MiniLM-L6-v2) |" in second
    assert "| 0.53 [0.52–0.54] |" in second
    assert "| RT-IoU strong | SBERT strong | LLM strong |" in third
    for table in (first, second, third):
        rows = [line for line in table.splitlines() if line.startswith("|")]
        assert len({line.count(" | ") for line in rows}) == 1


def test_markdown_names_runs_of_one_model_as_asked(explained):
    results = Results.model_validate(explained(n=4)[0])
    shown = markdown_table([results, results], labels=["first", "second"])
    assert "| **first** |" in shown
    assert "| **second** |" in shown
    assert "tiny" not in shown


def test_page_names_the_encoder_above_the_column_and_shows_levels(explained, tmp_path):
    html = html_of(*explained(n=6), tmp_path)
    assert 'SBERT<span class="by">all-MiniLM-L6-v2</span>' in html
    assert "Explanations within each level" in html


def test_page_lists_the_judges_with_their_prompts(explained, tmp_path):
    html = html_of(*explained(n=6), tmp_path)
    assert "llm 1+7999c441 (org/a-judge), prompt 7999c4416d58, judged text: answer" in html


def test_page_of_a_run_without_explanations_has_one_table(build, tmp_path):
    html = html_of(*build(n=6), tmp_path)
    assert html.count('<table class="scores') == 1
    assert "<h3>Judges" not in html


def test_same_explained_run_gives_the_same_bytes(explained, tmp_path):
    assert html_of(*explained(n=6), tmp_path) == html_of(*explained(n=6), tmp_path)


@pytest.mark.parametrize("field", ["reason", "judge", "model", "version"])
def test_hostile_judgements_are_inert(explained, tmp_path, field):
    record, samples = explained(n=4)
    one = {"judge": "llm", "version": "1", "model": "m", "value": None, "reason": "prose"}
    samples["synth_hi"][1]["judgements"] = {HOSTILE: one | {field: HOSTILE}}
    record["provenance"]["judges"] = {
        "similarity": {"judge": HOSTILE, "version": HOSTILE, "model": HOSTILE, "text": HOSTILE},
        "reasoning": {"judge": "llm", "version": "1", "prompt_sha256": HOSTILE},
    }
    record["floors"]["synth_hi"]["always_refuse"]["constant_categories"] = [HOSTILE]
    html = html_of(record, samples, tmp_path)
    assert html.count("<script>") == 1
    assert "<img" not in html
    assert 'onclick="x"' not in html


def test_judgements_stand_beside_the_reply(explained, tmp_path):
    record, samples = explained(n=4)
    row = samples["synth_hi"][1]
    row["judgements"] = {
        "categories": {"judge": "local", "version": "1", "value": ["Attribute/Counting"]},
        "reasoning": {"judge": "llm", "version": "1", "value": None, "reason": "a reply in prose"},
    }
    row["explanation"] = {"rt_iou": 0.5}
    html = html_of(record, samples, tmp_path)
    assert "<li>categories Attribute/Counting, RT-IoU 0.50 (local)</li>" in html
    assert "<li>reasoning unscored: a reply in prose (llm)</li>" in html


@pytest.mark.parametrize(
    ("judgement", "line"),
    [
        ({"value": 3.5}, "reasoning 3.5 of 5 (llm, m)"),
        ({"value": 4}, "reasoning 4 of 5 (llm, m)"),
        ({"value": None, "reason": "a score of 7"}, "reasoning unscored: a score of 7 (llm, m)"),
        ({"value": None}, "reasoning unscored: no reason given (llm, m)"),
        ({"measure": "categories", "value": []}, "categories none named, RT-IoU 0.50 (llm, m)"),
        ({"measure": "correction", "value": 0.126, "model": ""}, "correction 0.13 (llm)"),
        (
            {"measure": "similarity", "value": 0.5, "model": "mpnet@sha256:0a1b"},
            "similarity 0.50 (llm, mpnet)",
        ),
    ],
)
def test_a_judgement_is_told_in_one_line(judgement, line):
    assert judged_lines(judged_sample(**judgement)) == [line]


def test_a_long_reason_is_cut():
    (line,) = judged_lines(judged_sample(value=None, reason="x" * 100_000))
    assert len(line) <= 500


def test_an_unjudged_reply_is_an_outcome_of_its_own(build, tmp_path):
    record, samples = build(n=4)
    samples["synth_hi"][0] |= {"status": "unjudged", "prediction": None, "ra_iou": None}
    record["results"]["synth_hi"]["n_unjudged,none"] = 1
    assert outcome_of(Sample.model_validate(samples["synth_hi"][0])) == "unjudged"
    html = html_of(record, samples, tmp_path)
    assert '<option value="unjudged">unjudged reply</option>' in html
    assert 'data-outcome="0:unjudged"' in html
    assert samples["synth_hi"][0]["reply"][:7] == "<think>"
    assert "0 missing, 0 failed and 1 unjudged of 4 queries are left out" in html
    assert "There is no reply." not in html
