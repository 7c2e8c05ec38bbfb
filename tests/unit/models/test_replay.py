import json
from dataclasses import replace
from pathlib import Path

import pytest

from rarft.harness.errors import NotFoundError, UserError
from rarft.harness.models import find_card, load_model
from rarft.harness.models.base import Model, Request
from rarft.harness.models.replay import NEWEST_SCHEMA_VERSION
from rarft.harness.stages.append_log import SCHEMA_VERSION, encode_row
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
    named = {"task": "t", "video": "A1.mp4"}
    rows = [
        {**named, "query_id": "0-0", "query": "a", "status": "ok", "text": "hello"},
        {**named, "query_id": "0-1", "query": "b", "status": "failed", "failure": "no video"},
        {**named, "query_id": "0-2", "query": "c", "status": "ok", "relevant": False},
    ]
    path.write_bytes(b"".join(map(encode_row, rows)))
    asked = [request(text, query_id=f"0-{k}") for k, text in enumerate("abcd")]
    assert replay(path).generate(asked) == [
        Reply(text="hello"),
        Reply(failure="no video"),
        Reply(relevant=False),
        Reply(missing=True),
    ]


OWN = {
    "task": "t",
    "query_id": "0-0",
    "video": "A1.mp4",
    "query": "x",
    "status": "ok",
    "text": "hello",
}


def test_own_rows_of_another_set_with_the_same_ids_are_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "responses.jsonl"
    path.write_bytes(encode_row(OWN))
    assert replay(path).generate([request("other words")]) == [Reply(missing=True)]
    assert replay(path).generate([request("x", video="B2.mp4")]) == [Reply(missing=True)]


def test_two_queries_with_the_same_words_keep_their_own_replies(tmp_path: Path) -> None:
    path = tmp_path / "responses.jsonl"
    rows = [OWN, {**OWN, "query_id": "0-1", "text": "second"}]
    path.write_bytes(b"".join(map(encode_row, rows)))
    asked = [request("x", query_id="0-0"), request("x", query_id="0-1")]
    assert replay(path).generate(asked) == [Reply(text="hello"), Reply(text="second")]


def test_in_a_variant_of_the_task_two_queries_with_the_same_words_keep_their_own_replies(
    tmp_path: Path,
) -> None:
    path = tmp_path / "responses.jsonl"
    rows = [OWN, {**OWN, "query_id": "0-1", "text": "second"}]
    path.write_bytes(b"".join(map(encode_row, rows)))
    first, second = (request("x", query_id=id_).query for id_ in ("0-0", "0-1"))
    asked = [
        Request(key="k", query=replace(query, task="fixed_t"), prompt="x")
        for query in (first, second)
    ]
    assert replay(path).generate(asked) == [Reply(text="hello"), Reply(text="second")]


def test_each_repeat_has_its_own_reply_and_the_first_is_the_one_without_repeats(
    tmp_path: Path,
) -> None:
    path = tmp_path / "responses.jsonl"
    rows = [OWN, {**OWN, "repeat": 2, "text": "third"}, {**OWN, "repeat": 1, "text": "second"}]
    path.write_bytes(b"".join(map(encode_row, rows)))
    first = request("x", query_id="0-0")
    asked = [replace(first, repeat=number) for number in range(4)]
    assert replay(path).generate(asked) == [
        Reply(text="hello"),
        Reply(text="second"),
        Reply(text="third"),
        Reply(missing=True),
    ]
    assert replay(path).generate([request("x", query_id="elsewhere")]) == [Reply(text="hello")]


def test_the_last_line_that_a_kill_tore_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "responses.jsonl"
    whole = encode_row(OWN)
    torn = encode_row({**OWN, "query_id": "0-1", "query": "y"})[:-9]
    path.write_bytes(whole + torn)
    asked = [request("x", query_id="0-0"), request("y", query_id="0-1")]
    assert replay(path).generate(asked) == [Reply(text="hello"), Reply(missing=True)]
    path.write_bytes(whole + '{"task": "café'.encode()[:-1])
    assert replay(path).generate(asked[:1]) == [Reply(text="hello")]


def test_a_whole_last_line_needs_no_newline_and_a_torn_line_before_it_is_refused(
    tmp_path: Path,
) -> None:
    path = tmp_path / "responses.jsonl"
    whole = encode_row(OWN)
    path.write_bytes(whole.rstrip())
    assert replay(path).generate([request("x")]) == [Reply(text="hello")]
    path.write_bytes(whole[:-9] + b"\n" + whole)
    with pytest.raises(UserError, match="cannot be replayed"):
        replay(path)


@pytest.mark.parametrize("character", ["\u2028", "\u2029", "\x85"])
def test_only_a_newline_ends_a_row(tmp_path: Path, character: str) -> None:
    path = tmp_path / "responses.jsonl"
    text = f"1.0{character}2.0"
    path.write_text(json.dumps({**OWN, "text": text}, ensure_ascii=False) + "\n", encoding="utf-8")
    assert replay(path).generate([request("x")]) == [Reply(text=text)]


def test_a_byte_order_mark_is_accepted_before_both_forms(tmp_path: Path) -> None:
    path = tmp_path / "replies"
    rows = [{"video": "A1.mp4", "query": "x", "model_output": "hello"}]
    path.write_text(json.dumps(rows), encoding="utf-8-sig")
    assert replay(path).generate([request("x")]) == [Reply(text="hello")]
    path.write_text(json.dumps(OWN) + "\n", encoding="utf-8-sig")
    assert replay(path).generate([request("x")]) == [Reply(text="hello")]


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("D:\\x\\v0.mp4", "v0.mp4"),
        ("v0.mp4", "D:\\x\\v0.avi"),
        ("/data/v_1.5", "v_1.5.mp4"),
        ("v_1.5.webm", "v_1.5"),
        ("V.MP4", "V.mp4"),
    ],
)
def test_a_video_is_known_by_its_base_name_without_a_video_extension(
    tmp_path: Path, written: str, asked: str
) -> None:
    path = tmp_path / "replies.json"
    path.write_text(json.dumps([{"video": written, "query": "x", "model_output": "1 to 2"}]))
    assert replay(path).generate([request("x", video=asked)]) == [Reply(text="1 to 2")]


def test_another_ending_than_a_video_extension_belongs_to_the_name(tmp_path: Path) -> None:
    path = tmp_path / "replies.json"
    path.write_text(json.dumps([{"video": "v_1.5", "query": "x", "model_output": "1 to 2"}]))
    assert replay(path).generate([request("x", video="v_1.6")]) == [Reply(missing=True)]


def test_rows_of_a_newer_version_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "responses.jsonl"
    path.write_bytes(encode_row(OWN) + encode_row({**OWN, "schema_version": 2}))
    with pytest.raises(UserError, match="schema_version 2, expected at most 1") as caught:
        replay(path)
    assert "\n" not in str(caught.value)


def test_the_newest_version_read_is_the_one_written() -> None:
    assert NEWEST_SCHEMA_VERSION == SCHEMA_VERSION


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


@pytest.mark.parametrize(
    "content",
    [
        *(b"\x00\xff", b"[1]", b'{"a": 1}', b"[{}]", b"hello", b"1\n", b'["x"]', b"[" * 100_000),
        *(b"", b" \n\n", b"\xef\xbb\xbf", b'hello\n{"task": "t"}\n'),
        b'{"task": "t", "query_id": "0", "status": "ok", "schema_version": "new"}\n',
    ],
)
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
    with pytest.raises(UserError, match=r"model_args mising for .* expected path, missing, form"):
        replay(path, mising="error")
    with pytest.raises(UserError, match=r"form=haiku .* generic, answer_tag"):
        replay(path, form="haiku")
    with pytest.raises(UserError, match="path="):
        load_model(card, model_args={}, generation={}, batch_size=1, seed=0, cache=tmp_path)
