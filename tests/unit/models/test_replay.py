import json
from pathlib import Path

import pytest

from rarft.harness.errors import NotFoundError, UserError
from rarft.harness.models import find_card, load_model
from rarft.harness.models.base import Model, Request
from rarft.harness.stages.append_log import encode_row
from rarft.harness.types import Query, Reply


def replay(path: Path, **model_args: object) -> Model:
    card, _ = find_card("replay")
    return load_model(
        card,
        model_args={"path": str(path), **model_args},
        generation={},
        batch_size=1,
        seed=0,
        cache=path.parent,
    )


def request(text: str, *, video: str = "A1.mp4", query_id: str = "0-0") -> Request:
    query = Query(id=query_id, task="t", video=video, text=text, relevant=True, record="0")
    return Request(key="k", query=query, prompt=text)


def test_official_rows_match_by_video_base_name_and_query(tmp_path: Path) -> None:
    path = tmp_path / "inference_results_merged.json"
    rows = [{"video": "/elsewhere/A1.avi", "query": "a man sits", "model_output": "1 to 2"}]
    path.write_text(json.dumps(rows))
    model = replay(path)
    assert model.generate([request("a man sits")]) == [Reply(text="1 to 2")]
    assert model.generate([request("a man stands")]) == [Reply(missing=True)]
    assert model.generate([request("a man sits", video="B.mp4")]) == [Reply(missing=True)]


def test_spaces_around_a_query_do_not_matter_and_null_is_an_empty_reply(tmp_path: Path) -> None:
    path = tmp_path / "inference_results_merged.json"
    rows = [{"video": "A1.mp4", "query": " a man  sits ", "model_output": None}]
    path.write_text(json.dumps(rows))
    assert replay(path).generate([request("a man sits")]) == [Reply(text="")]


def test_own_rows_match_by_task_and_query_id(tmp_path: Path) -> None:
    path = tmp_path / "responses.jsonl"
    rows = [
        {"task": "t", "query_id": "0-0", "status": "ok", "text": "hello"},
        {"task": "t", "query_id": "0-1", "status": "failed", "failure": "no video"},
        {"task": "t", "query_id": "0-2", "status": "ok", "text": None, "relevant": False},
    ]
    path.write_bytes(b"".join(map(encode_row, rows)))
    asked = [request("x", query_id=f"0-{k}") for k in range(4)]
    assert replay(path).generate(asked) == [
        Reply(text="hello"),
        Reply(failure="no video"),
        Reply(relevant=False),
        Reply(missing=True),
    ]


def test_a_missing_reply_can_be_an_error(tmp_path: Path) -> None:
    path = tmp_path / "replies.json"
    path.write_text("[]")
    with pytest.raises(UserError, match="no reply to 1 of 1 queries"):
        replay(path, missing="error").prepare([request("x").query])
    replay(path, missing="skip").prepare([request("x").query])


def test_the_engine_names_the_file_content(tmp_path: Path) -> None:
    path = tmp_path / "replies.json"
    path.write_text("[]")
    before = dict(replay(path).engine)
    path.write_text("[ ]")
    assert dict(replay(path).engine) != before


@pytest.mark.parametrize("content", [b"\x00\xff", b"[1]", b'{"a": 1}', b"[{}]", b"hello"])
def test_a_file_of_another_kind_is_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "replies.json"
    path.write_bytes(content)
    with pytest.raises(UserError, match="cannot be replayed") as caught:
        replay(path)
    assert "\n" not in str(caught.value)


def test_wrong_model_args_are_one_line(tmp_path: Path) -> None:
    card, _ = find_card("replay")
    path = tmp_path / "replies.json"
    path.write_text("[]")
    with pytest.raises(UserError, match="missing=skip or missing=error"):
        replay(path, missing="maybe")
    with pytest.raises(NotFoundError, match="check it"):
        replay(tmp_path / "absent.json")
    with pytest.raises(UserError, match="path="):
        load_model(card, model_args={}, generation={}, batch_size=1, seed=0, cache=tmp_path)
