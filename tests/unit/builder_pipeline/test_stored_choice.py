from collections.abc import Callable
from pathlib import Path

import pytest

from rarft.dataset_builder.build_accept import StoredChoice
from rarft.dataset_builder.config import BuildConfig
from rarft.dataset_builder.draft_store import DraftStore
from rarft.dataset_builder.rewrite import open_draws
from rarft.dataset_builder.rewrite_input import read_descriptions, video_descriptions
from rarft.dataset_builder.store import Failure, write_lines
from rarft.dataset_builder.types import Candidate, Planned, Row, Verdict
from rarft.harness.errors import UserError

KEY = ("a/b/strong", "weak")


def candidate(attempt: int, *, query_id: str = KEY[0], refusal: str = "No.") -> Candidate:
    return Candidate(
        id=f"{query_id}/weak/{attempt}",
        query_id=query_id,
        level="weak",
        categories=("Attribute/Counting",),
        attempt=attempt,
        text=f"text {attempt}",
        refusal=refusal,
    )


def test_a_chosen_candidate_is_read_whole(tmp_path: Path) -> None:
    with DraftStore(tmp_path) as store:
        store.put([(candidate(0), {}), (candidate(1), {})], [])
        chosen = StoredChoice({KEY: candidate(1, refusal="")}, store)
        assert dict(chosen) == {KEY: candidate(1)}
        assert list(store.keys()) == [KEY]
        assert ("a", "weak") not in chosen
        with pytest.raises(KeyError):
            chosen["a", "weak"]


def test_what_a_query_wants_is_settled_before_it_is_asked(
    tmp_path: Path, make_rows: Callable[..., list[Row]]
) -> None:
    rows = make_rows()[:3]
    plans = {
        row.query.id: [Planned(query_id=row.query.id, level="weak", categories=("x",))]
        for row in rows
    }
    failure = Failure(step="rewrite", query_id="q1", level="weak", attempt=0, reason="prose")
    with DraftStore(tmp_path) as store:
        store.put([(candidate(0, query_id="q0"), {})], [(failure, {})])
        store.judge([Verdict(candidate_id="q0/weak/0")])
        draws = open_draws(rows, plans, store, BuildConfig(rows="r", max_candidates=2))
        assert [draw.row for draw in draws] == rows[1:]
        assert draws[0].plans == tuple(plans["q1"])
        spent = open_draws(rows, plans, store, BuildConfig(rows="r", max_candidates=1))
        assert [draw.row.query.id for draw in spent] == ["q2"]


def test_described_lines_stay_in_their_file(
    tmp_path: Path, make_rows: Callable[..., list[Row]]
) -> None:
    path = tmp_path / "shown.jsonl"
    path.write_text(
        '{"video": "v0.mp4", "description": "old"}\n\n'
        '{"video": "x.mp4", "description": ["a", "b"]}\n'
        '{"video": "v0.mp4", "description": "new"}\n'
    )
    named = read_descriptions(path)
    assert named == {"v0.mp4": ["new"], "x.mp4": ["a", "b"]}
    shown = video_descriptions(make_rows(), named)
    assert list(shown) == ["v1.mp4", "v2.mp4", "v0.mp4", "x.mp4"]
    assert (len(shown), shown["v0.mp4"], len(shown["v2.mp4"])) == (4, ["new"], 2)
    assert shown.get("absent.mp4") is None
    path.write_text('{"video": "v0.mp4"}\n')
    with pytest.raises(UserError, match="cannot be read"):
        read_descriptions(path)


def test_a_file_that_is_not_written_whole_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    write_lines(path, [b"a\n", b"b\n"])

    def broken() -> bytes:
        raise UserError("got nothing, expected a row; give one")

    with pytest.raises(UserError):
        write_lines(path, (broken() for _ in range(1)))
    assert path.read_bytes() == b"a\nb\n"
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(UserError, match="cannot be written"):
        write_lines(tmp_path / "absent" / "rows", [])
