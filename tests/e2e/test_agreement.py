"""Judges compared with each other and with a CSV of people's scores, through the real command."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from rarft.harness.cli import main
from rarft.harness.stages.append_log import encode_row

LLM = [3, 4, 5, 2, 0, 1, 3, None]
COMBINED = [2, 4, 4, 3, 0, 1, None, None]


def judgement(number: int, measure: str, judge: str, value: Any, **fields: Any) -> dict[str, Any]:
    return {
        "task": "known",
        "query_id": f"q{number}",
        "request": "r",
        "measure": measure,
        "judge": judge,
        "judge_version": "1",
        "model": "m",
        "basis": "b",
        "value": value,
        "reason": "" if value is not None else "the answer was prose",
        **fields,
    }


def relevance(number: int, kind: str) -> dict[str, Any]:
    prediction: dict[str, Any] = {
        "kind": kind, "spans": [], "explanation": "", "correction": None, "format_ok": True,
        "flags": [], "reason": "",
    }  # fmt: skip
    row = judgement(number, "relevance", "rule", None, prediction=prediction)
    del row["value"]
    return row


@pytest.fixture
def run(tmp_path: Path) -> Path:
    out = tmp_path / "run"
    out.mkdir()
    rows = [judgement(n, "reasoning", "llm", value) for n, value in enumerate(LLM)]
    rows += [judgement(n, "reasoning", "combined", value) for n, value in enumerate(COMBINED)]
    counting, moving = ["Attribute/Counting"], ["Object/ObjectMoving"]
    rows += [judgement(n, "categories", "local", [counting, moving][n % 2]) for n in range(8)]
    rows += [relevance(n, "refused" if n % 2 else "grounded") for n in range(8)]
    (out / "judgements.jsonl").write_bytes(b"".join(map(encode_row, rows)))
    samples = [{"query_id": f"q{n}", "video": f"v{n // 2}.mp4"} for n in range(8)]
    (out / "samples_known.jsonl").write_bytes(b"".join(map(encode_row, samples)))
    return out


def agreed(tmp_path: Path, *arguments: str | Path) -> dict[str, Any]:
    out = tmp_path / "agreement.json"
    flags = ("--output_path", str(out), "--n_resamples", "200")
    assert main(["agreement", *map(str, arguments), *flags]) == 0
    content: dict[str, Any] = json.loads(out.read_text())
    return content


def csv(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "people.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_two_judges_of_one_run(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = agreed(tmp_path, run, "--judges", "llm,combined")
    assert (found["n_compared"], found["n_videos"]) == (6, 3)
    assert (found["n_unscored_by_a"], found["n_unscored_by_b"]) == (0, 1)
    assert found["n_unscored_by_both"] == 1
    # Differences 1, 0, 1, -1, 0, 0.
    assert found["bland_altman"]["bias"] == pytest.approx(1 / 6)
    assert found["agreement"]["bias"]["value"] == pytest.approx(1 / 6)
    assert found["agreement"]["weighted_kappa"]["value"] == pytest.approx(
        1 - (3 / 6) / (55 / 6 + 46 / 6 - 2 * (15 / 6) * (14 / 6))
    )
    assert "6 queries compared about 3 videos" in capsys.readouterr().out


def test_the_page_draws_each_pair_of_scores_without_a_script(run: Path, tmp_path: Path) -> None:
    agreed(tmp_path, run, "--judges", "llm,combined")
    page = (tmp_path / "agreement.html").read_text()
    assert page.count("<circle") == 6
    assert "bias +0.17" in page
    assert "<script" not in page
    assert not re.search(r"(src|href)=", page)


def test_a_judge_with_peoples_scores(run: Path, tmp_path: Path) -> None:
    people = csv(tmp_path, "query_id,score", "q0,3", "q1,3.5", "q2,5", "q3,", "q9,1")
    found = agreed(tmp_path, run, people, "--judges", "llm")
    assert (found["n_compared"], found["n_unscored_by_b"]) == (3, 1)
    assert (found["n_in_a_alone"], found["n_in_b_alone"]) == (4, 1)
    assert found["bland_altman"]["bias"] == pytest.approx(0.5 / 3)


def test_categories_by_people(run: Path, tmp_path: Path) -> None:
    people = csv(
        tmp_path, "query_id,task,categories", "q0,known,Counting",
        "q1,known,Object/ObjectMoving; counting", "q2,known,none",
    )  # fmt: skip
    found = agreed(tmp_path, run, people, "--measure", "categories")
    assert found["agreement"]["mean_jaccard"]["value"] == pytest.approx((1 + 0.5 + 0) / 3)
    assert "<svg" not in (tmp_path / "agreement.html").read_text()


def test_relevance_by_people(run: Path, tmp_path: Path) -> None:
    people = csv(
        tmp_path, "query_id,relevance", "q0,relevant", "q1,irrelevant", "q2,refused", "q3,refused"
    )
    found = agreed(tmp_path, run, people, "--measure", "relevance")
    assert found["agreement"]["share_equal"]["value"] == 0.75
    assert found["agreement"]["kappa"]["value"] == pytest.approx(0.5)
    assert found["n_by_kinds"]["grounded | refused"] == 1


@pytest.mark.parametrize(
    ("lines", "flags", "named"),
    [
        (("query_id,score", "q0,7"), (), "line 2: got score '7'"),
        (("query_id,score", "q0,nan"), (), "score 'nan'"),
        (("query_id,score", "q0,1", "q0,2"), (), "q0 twice"),
        (("query_id,points", "q0,1"), (), "no column 'score'"),
        (("query_id,score", "q99,1"), (), "got no query that both"),
        (
            ("query_id,score", "q0,1", "q1,2,3"),
            (),
            "people.csv, line 3: got a row of 3, expected 2 cells",
        ),
        (("query_id,score", "q0"), (), "people.csv, line 2: got a row of 1, expected 2 cells"),
        (("query_id,score", " ,1"), (), "people.csv, line 2: got an empty query_id"),
        (("query_id,score", 'q0,"1', '2"'), (), "score '1 2'"),
        (("query_id,categories", "q0,Colour"), ("--measure", "categories"), "'Colour'"),
        (("query_id,relevance", "q0,maybe"), ("--measure", "relevance"), "'maybe'"),
    ],
)
def test_a_wrong_csv_is_one_line(
    run: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    lines: tuple[str, ...],
    flags: tuple[str, ...],
    named: str,
) -> None:
    judges = () if flags else ("--judges", "llm")
    arguments = ["agreement", str(run), str(csv(tmp_path, *lines)), *flags, *judges]
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    assert named in shown.err


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        ((), "expected two names"),
        (("--judges", "llm,other"), "judgements by combined, llm"),
        (("no_such_folder", "--judges", "llm"), "no_such_folder"),
        (("--measure", "style"), "--measure"),
        (("--judges", "llm,combined", "--n_resamples", "0"), "--n_resamples"),
        (("--judges", "llm,combined", "--output_path", "page.html"), "end it in .json"),
        (("--judges", "llm,combined", "--task", "other"), "got no query that both"),
    ],
)
def test_a_wrong_flag_is_one_line(
    run: Path, capsys: pytest.CaptureFixture[str], flags: tuple[str, ...], named: str
) -> None:
    assert main(["agreement", str(run), *flags]) == 2
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert named in shown


def test_bytes_that_are_no_text_are_one_line(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(b"query_id,score\nq0,\xff\xfe\n")
    assert main(["agreement", str(run), str(path), "--judges", "llm"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_only_the_newest_judgement_of_the_runs_own_request_counts(
    run: Path, tmp_path: Path
) -> None:
    rows = [
        judgement(0, "reasoning", "llm", 1),
        judgement(1, "reasoning", "llm", 0, request="another prompt"),
    ]
    with (run / "judgements.jsonl").open("ab") as file:
        file.write(b"".join(map(encode_row, rows)))
    plan = [{"task": "known", "query_id": f"q{n}", "request": "r"} for n in range(8)]
    (run / "requests.jsonl").write_bytes(b"".join(map(encode_row, plan)))
    people = csv(tmp_path, "query_id,score", "q0,1", "q1,4")
    assert agreed(tmp_path, run, people, "--judges", "llm")["bland_altman"]["bias"] == 0.0


def judged_alone(tmp_path: Path, name: str, scores: list[int], replies: list[str]) -> Path:
    """Write a run of its own requests, with what one judge says of its stored replies."""
    out = tmp_path / name
    out.mkdir()
    asked = [
        {"task": "known", "query_id": f"q{n}", "request": f"{name}-{n}"} for n in range(len(scores))
    ]
    told = [
        {**one, "status": "ok", "text": text, "seconds": len(name)}
        for one, text in zip(asked, replies, strict=True)
    ]
    # A second sample of each query, which no judge of explanations is asked about.
    repeats = [{**one, "request": f"{one['request']}-1", "repeat": 1} for one in asked]
    rows = [
        judgement(n, "reasoning", "llm", score, request=f"{name}-{n}")
        for n, score in enumerate(scores)
    ]
    for file, content in (
        ("requests.jsonl", [*repeats, *asked]),
        ("responses.jsonl", [*told, *({**one, "status": "ok", "text": "x"} for one in repeats)]),
        ("judgements.jsonl", rows),
    ):
        (out / file).write_bytes(b"".join(map(encode_row, content)))
    return out


def test_two_runs_are_compared_on_the_queries_with_the_same_reply(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = judged_alone(tmp_path, "one", [4, 3, 5], ["No dog.", "No cat.", "No man."])
    other = judged_alone(tmp_path, "other", [3, 3, 0], ["No dog.", "No cat.", "No woman."])
    found = agreed(tmp_path, one, other)
    assert (found["n_compared"], found["n_other_reply"]) == (2, 1)
    assert found["bland_altman"]["bias"] == 0.5
    left_out = "Queries left out since A and B judged different replies: 1."
    assert left_out in capsys.readouterr().out
    assert left_out in (tmp_path / "agreement.html").read_text()


def test_runs_without_a_reply_in_common_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = judged_alone(tmp_path, "one", [4], ["No dog."])
    other = judged_alone(tmp_path, "other", [3], ["No cat."])
    assert main(["agreement", str(one), str(other)]) == 2
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert "for the same reply (1 with different replies" in shown


def test_a_reply_that_is_not_stored_is_not_taken_for_the_same(tmp_path: Path) -> None:
    replies = ["No dog.", "No cat."]
    one = judged_alone(tmp_path, "one", [4, 3], replies)
    other = judged_alone(tmp_path, "other", [4, 3], replies)
    stored = (other / "responses.jsonl").read_bytes().splitlines(keepends=True)
    (other / "responses.jsonl").write_bytes(stored[1])
    found = agreed(tmp_path, one, other)
    assert (found["n_compared"], found["n_other_reply"]) == (1, 1)


def test_judges_of_one_run_and_a_csv_are_about_the_same_replies(run: Path, tmp_path: Path) -> None:
    assert agreed(tmp_path, run, "--judges", "llm,combined")["n_other_reply"] == 0
    people = csv(tmp_path, "query_id,score", "q0,3")
    assert agreed(tmp_path, run, people, "--judges", "llm")["n_other_reply"] == 0
