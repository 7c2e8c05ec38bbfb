from pathlib import Path

import pytest

from rarft.dataset_builder.draft_store import DraftStore
from rarft.dataset_builder.store import Failure, read_candidates, read_verdicts
from rarft.dataset_builder.types import Candidate, Finding, Verdict
from rarft.harness.errors import UserError

KEY = ("q", "strong")


def candidate(attempt: int) -> Candidate:
    return Candidate(
        id=f"q/strong/{attempt}",
        query_id="q",
        level="strong",
        categories=("Attribute/Counting",),
        attempt=attempt,
        text=f"text {attempt}",
        refusal="No.",
        reasons=("Two.",),
    )


def verdict(attempt: int, *reasons: str) -> Verdict:
    findings = (Finding(reason=one, detail="d", check="c") for one in reasons)  # type: ignore[arg-type]
    return Verdict(candidate_id=f"q/strong/{attempt}", findings=tuple(findings))


def test_what_is_stored_is_read_back_with_its_usage_left_out(tmp_path: Path) -> None:
    failure = Failure(step="rewrite", query_id="q", level="strong", attempt=1, reason="prose")
    with DraftStore(tmp_path) as store:
        store.put([(candidate(0), {"n_calls": 1})], [(failure, {"n_calls": 3})])
        store.judge([verdict(0, "unchanged")])
    with DraftStore(tmp_path) as store:
        assert store.candidates(KEY) == [candidate(0)]
        assert store.failures(KEY) == [failure]
        assert store.n_attempts(KEY) == 2
        assert store.alive(KEY) == store.usable(KEY) == []


def test_a_torn_last_line_is_drawn_again(tmp_path: Path) -> None:
    with DraftStore(tmp_path) as store:
        store.put([(candidate(0), {}), (candidate(1), {})], [])
    path = tmp_path / "candidates.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    with DraftStore(tmp_path) as store:
        assert store.n_attempts(KEY) == 1
        store.put([(candidate(1), {})], [])
    assert list(read_candidates(tmp_path)) == [candidate(0), candidate(1)]


def test_a_guessable_candidate_is_usable_and_no_longer_alive(tmp_path: Path) -> None:
    with DraftStore(tmp_path) as store:
        store.put([(candidate(k), {}) for k in range(4)], [])
        assert len(store.alive(KEY)) == 4
        assert store.usable(KEY) == []
        store.judge([verdict(0), verdict(1, "level"), verdict(2)])
        store.judge([verdict(2, "guessable")])
        assert store.alive(KEY) == [candidate(0), candidate(3)]
        assert store.usable(KEY) == [candidate(0), candidate(2)]
        assert store.unverified([KEY]) == [candidate(3)]


def test_verdicts_of_one_candidate_are_put_together(tmp_path: Path) -> None:
    with DraftStore(tmp_path) as store:
        store.judge([verdict(0, "level"), verdict(0, "guessable"), verdict(0)])
    found = read_verdicts(tmp_path)["q/strong/0"].findings
    assert [one.reason for one in found] == ["level", "guessable"]


def test_a_damaged_row_is_named(tmp_path: Path) -> None:
    row = '{"schema_version": 1, "id": "a", "query_id": "q", "categories": null}\n'
    (tmp_path / "candidates.jsonl").write_text(row)
    with pytest.raises(UserError, match=r"candidates\.jsonl: got a row that cannot be read"):
        DraftStore(tmp_path)
