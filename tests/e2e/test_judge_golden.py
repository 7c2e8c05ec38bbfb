"""The twelve golden explanations through the whole command, judged as they are on record."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from rarft.harness.cli import main
from rarft.harness.judges.case import JudgeText
from rarft.harness.judges.judged_text import judged_text
from rarft.harness.parsing import parse_reply
from rarft.harness.stages.append_log import read_rows

GOLDEN = Path(__file__).parent.parent / "golden" / "explanations"
# Reckoned by hand in golden/explanations/README.md.
EXPECTED: dict[JudgeText, dict[str, float]] = {
    "answer": {
        "rt_iou": 31 / 60,
        "rt_iou_refused": 31 / 54,
        "llm_score": 23 / 8 * 9 / 10,
        "llm_score_refused": 23 / 8,
    },
    "official": {
        "rt_iou": 7 / 10,
        "rt_iou_refused": 7 / 9,
        "llm_score": 29 / 8 * 9 / 10,
        "llm_score_refused": 29 / 8,
    },
}


def write_script(path: Path, text: JudgeText, samples: list[dict[str, Any]]) -> None:
    """Have the judge say of each reply what the golden file says of it, and prose where nothing."""
    replies = {sample["query_id"]: sample["reply"] for sample in samples}
    fields = {"categories": "categories", "reasoning": "score"}
    rows = []
    for row in json.loads((GOLDEN / f"judgements_{text}.json").read_text()):
        if row["measure"] in fields:
            reply = replies[row["query_id"]]
            prediction = parse_reply(reply, form="answer_correction")
            field = fields[row["measure"]]
            content = json.dumps({field: row["value"]}) if row["value"] is not None else "I wonder."
            judged = judged_text(reply, prediction, text=text)
            rows.append({"contains": f"\n{judged}\n", "field": field, "content": content})
    path.write_text(json.dumps(rows))


@pytest.mark.parametrize("text", ["answer", "official"])
def test_the_averages_of_the_command_are_those_reckoned_by_hand(
    text: JudgeText, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, servers: ModuleType
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("RARFT_CACHE", str(tmp_path / "cache"))
    out, script = tmp_path / "run", tmp_path / "script.json"
    arguments = f"path={GOLDEN / 'replies.json'},form=answer_correction"
    flags = ("--tasks", "explanations", "--include_path", str(GOLDEN), "--n_resamples", "20")
    given = ["--model", "replay", "--model_args", arguments, *flags, "--output_path", str(out)]
    assert main(given) == 0
    samples = list(read_rows(out / "samples_explanations.jsonl"))
    write_script(script, text, samples)
    with servers.running_server("--script", str(script)) as url:
        judges = ("--judges", "categories=llm,reasoning=llm", "--judge_text", text)
        reached = ("--judge_model", "judge", "--judge_base_url", f"{url}/v1")
        assert main(["judge", str(out), *judges, *reached]) == 0
    figures = json.loads((out / "results.json").read_text())["results"]["explanations"]
    for key, value in EXPECTED[text].items():
        assert figures[f"{key},none"] == pytest.approx(value, abs=1e-12), key
    assert figures["n_unscored_reasoning,none"] == 1
    assert figures["correction_sim,none"] == pytest.approx(1 / 4, abs=1e-6)
    similarities = [
        sample["explanation"]["sbert"]
        for sample in read_rows(out / "samples_explanations.jsonl")
        if "sbert" in sample.get("explanation", {})
    ]
    assert len(similarities) == 10
    assert figures["sbert,none"] == pytest.approx(sum(similarities) / 10)
    assert figures["sbert_refused,none"] == pytest.approx(sum(similarities) / 9)
