"""Samples files: Parquet bombs, other layouts, rows that no run writes."""

import io
import json
import random
from contextlib import suppress

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rarft.leaderboard.entries import EntryRefused, limits
from rarft.leaderboard.entries.sample_table import (
    COLUMNS,
    read_sample_table,
    samples_bytes,
    table_size,
)

PREDICTION = {
    "kind": "refused",
    "spans": [],
    "explanation": "nobody cooks",
    "correction": "a man sings",
    "format_ok": True,
    "flags": [],
    "reason": "",
}
JUDGEMENT = {"judge": "local", "version": "1", "model": "w@1", "value": None, "reason": "no"}
ROW = {
    "query_id": "1",
    "status": "scored",
    "failure": None,
    "reply": "nobody cooks",
    "relevance_score": 0.25,
    "prediction": json.dumps(PREDICTION),
    "judgements": json.dumps({"categories": JUDGEMENT}),
    "n_prompt_tokens": 9,
    "n_new_tokens": 4,
    "n_frames": 8,
    "effective_fps": 2.0,
    "seconds": 0.5,
}
LAYOUT = {
    "compression": "zstd",
    "use_dictionary": False,
    "write_statistics": False,
    "store_schema": False,
    "data_page_version": "1.0",
}


def reason_of(content):
    with pytest.raises(EntryRefused) as caught:
        read_sample_table(content, place="t.parquet")
    message = str(caught.value)
    assert message.startswith("t.parquet: ")
    assert message.isprintable()
    assert len(message) < 1_000
    return caught.value.reason


def schema(**changed):
    kinds = {6: pa.string(), 5: pa.float64(), 2: pa.int64()}
    return pa.schema(
        [
            pa.field(c.name, changed.get(c.name, kinds[c.physical]), nullable=c.is_nullable)
            for c in COLUMNS
        ]
    )


def written(rows=(ROW,), *, of=None, **options):
    table = pa.Table.from_pylist(list(rows), schema=of or schema())
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **{**LAYOUT, **options})
    return buffer.getvalue()


def row(**changed):
    return samples_bytes([{**ROW, **changed}])


def predicted(**changed):
    return row(prediction=json.dumps({**PREDICTION, **changed}))


def judged(measure="reasoning", **changed):
    return row(judgements=json.dumps({measure: {**JUDGEMENT, "reason": "", **changed}}))


def test_what_is_written_is_read_back():
    (sample,) = read_sample_table(samples_bytes([ROW]), place="t.parquet")
    assert sample.query_id == "1"
    assert sample.prediction == PREDICTION
    assert sample.judgements == {"categories": JUDGEMENT}
    assert (sample.relevance_score, sample.n_new_tokens, sample.seconds) == (0.25, 4, 0.5)
    assert (sample.n_frames, sample.effective_fps) == (8, 2.0)


def test_scripts_and_formulas_in_replies_stay_as_they_are():
    text = '<img src=x onerror="alert(1)">=HYPERLINK("x")\u202e\x00'
    (sample,) = read_sample_table(row(reply=text), place="t.parquet")
    assert sample.reply == text


@pytest.mark.parametrize(
    "options",
    [
        {"use_dictionary": True},
        {"use_dictionary": ["reply"]},
        {"use_dictionary": False, "column_encoding": {"reply": "DELTA_BYTE_ARRAY"}},
        {"use_dictionary": False, "column_encoding": {"reply": "DELTA_LENGTH_BYTE_ARRAY"}},
        {"compression": "none"},
        {"compression": "gzip"},
        {"compression": "snappy"},
        {"write_statistics": True},
        {"data_page_version": "2.0"},
        {"store_schema": True},
        {"write_page_index": True},
        {"write_page_checksum": True},
        {"store_decimal_as_integer": True, "version": "1.0", "use_byte_stream_split": ["seconds"]},
    ],
)
def test_only_the_one_layout_is_read(options):
    rows = [{**ROW, "query_id": str(n)} for n in range(9)]
    assert reason_of(written(rows, **options)) == "parquet_layout"


def test_a_dictionary_that_would_unpack_to_gigabytes_is_not_unpacked():
    text = "a" * limits.MAX_REPLY_BYTES
    rows = [{**ROW, "query_id": str(n), "reply": text} for n in range(300)]
    content = written(rows, use_dictionary=["reply"], dictionary_pagesize_limit=1 << 30)
    assert len(content) < 20_000
    assert reason_of(content) == "parquet_layout"


def test_a_shared_beginning_that_would_unpack_to_gigabytes_is_not_unpacked():
    text = "a" * limits.MAX_REPLY_BYTES
    rows = [{**ROW, "query_id": str(n), "reply": text} for n in range(300)]
    content = written(rows, column_encoding={"reply": "DELTA_BYTE_ARRAY"})
    assert len(content) < 20_000
    assert reason_of(content) == "parquet_layout"


def test_a_page_that_unpacks_to_too_much_is_not_unpacked():
    text = "a" * limits.MAX_REPLY_BYTES
    n_rows = limits.MAX_PAGE_BYTES // limits.MAX_REPLY_BYTES + 1
    rows = [{**ROW, "query_id": str(n), "reply": text} for n in range(n_rows)]
    content = written(rows, data_page_size=1 << 30)
    assert len(content) < 40_000
    assert reason_of(content) == "parquet_layout"
    assert table_size(samples_bytes(rows), place="t").n_bytes > limits.MAX_PAGE_BYTES


def test_a_file_that_unpacks_to_too_much_is_not_unpacked(monkeypatch):
    monkeypatch.setattr("rarft.leaderboard.entries.parquet_layout.MAX_UNPACKED_BYTES", 1000)
    assert reason_of(row(reply="a" * 1000)) == "too_large"


def test_too_many_rows_and_row_groups_are_refused_by_the_footer(monkeypatch):
    rows = [{**ROW, "query_id": str(n)} for n in range(9)]
    monkeypatch.setattr("rarft.leaderboard.entries.parquet_layout.MAX_ROW_GROUPS", 8)
    assert reason_of(written(rows, row_group_size=1)) == "too_large"
    monkeypatch.setattr("rarft.leaderboard.entries.parquet_layout.MAX_QUERIES", 8)
    assert reason_of(written(rows)) == "too_large"


def test_a_file_without_rows_is_refused():
    assert reason_of(samples_bytes([])) == "missing_query"


@pytest.mark.parametrize("key", ["pandas", "ARROW:schema", "anything"])
def test_metadata_from_which_a_reader_would_make_objects_is_refused_unread(key):
    buffer = io.BytesIO()
    with pq.ParquetWriter(buffer, schema(), **LAYOUT) as writer:
        writer.write_table(pa.Table.from_pylist([ROW], schema=schema()))
        writer.add_key_value_metadata({key: "\x80\x04."})
    assert reason_of(buffer.getvalue()) == "parquet_layout"


@pytest.mark.parametrize(
    "of",
    [
        pa.schema([*schema(), pa.field("text", pa.string())]),
        pa.schema(list(schema())[:-1]),
        pa.schema([*list(schema())[1:], schema()[0]]),
        schema(reply=pa.binary()),
        schema(seconds=pa.float32()),
        schema(n_new_tokens=pa.int32()),
        schema(n_new_tokens=pa.uint64()),
        schema(n_new_tokens=pa.timestamp("ms")),
        pa.schema([field.with_nullable(True) for field in schema()]),
    ],
)
def test_other_columns_and_types_are_refused(of):
    rows = [{**ROW, "text": "the query", "n_new_tokens": None}]
    assert reason_of(written(rows, of=of)) == "parquet_layout"


@pytest.mark.parametrize(
    "kind", [pa.list_(pa.string()), pa.struct([("a", pa.string())]), pa.map_("string", "string")]
)
def test_nested_columns_are_refused(kind):
    of = schema(failure=kind)
    assert reason_of(written([{**ROW, "failure": None}], of=of)) == "parquet_layout"


@pytest.mark.parametrize(
    "content",
    [b"", b"PAR1", b"PAR1PAR1", b"PAR1" + b"\xff" * 8 + b"PAR1", b"\x80\x04.", b"PARE" * 9, b"{}"],
)
def test_what_is_no_parquet_is_refused(content):
    assert reason_of(content) in ("malformed_parquet", "too_large")


@settings(max_examples=60)
@given(st.integers(0, 2**32))
def test_damaged_files_are_refused_or_read_and_never_end_otherwise(seed):
    draw = random.Random(seed)
    content = bytearray(samples_bytes([ROW, {**ROW, "query_id": "2"}]))
    for _ in range(draw.choice((1, 1, 3))):
        content[draw.randrange(len(content))] = draw.randrange(256)
    if draw.random() < 0.2:
        del content[draw.randrange(len(content)) :]
    with suppress(EntryRefused):
        read_sample_table(bytes(content), place="t.parquet")


def test_bytes_that_are_not_utf8_are_refused():
    content = row(reply="aaaa")
    # zstd stores what is this short as it is.
    assert content.count(b"aaaa") == 1
    assert reason_of(content.replace(b"aaaa", b"\xff\xfe\xff\xfe")) == "bad_text"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (row(reply="a" * limits.MAX_REPLY_BYTES), None),
        (row(query_id=""), "schema"),
        (row(query_id="a\u202e"), "bad_text"),
        (row(query_id="a" * 201), "too_large"),
        (row(status="done"), "bad_sample"),
        (row(status="missing"), "bad_sample"),
        (row(prediction=None), "bad_sample"),
        (row(status="failed", prediction=None, reply="", judgements="{}"), "bad_sample"),
        (row(status="missing", prediction=None, judgements="{}"), "bad_sample"),
        (row(status="missing", prediction=None, reply=""), "bad_sample"),
        (row(failure="it failed"), "bad_sample"),
        (row(relevance_score=float("nan")), "not_finite"),
        (row(seconds=float("inf")), "not_finite"),
        (row(seconds=-1.0), "bad_sample"),
        (row(n_new_tokens=-1), "bad_sample"),
        (row(n_frames=limits.MAX_FRAMES + 1), "bad_sample"),
        (row(effective_fps=-2.0), "bad_sample"),
        (row(effective_fps=float("nan")), "not_finite"),
        (row(n_prompt_tokens=10**12), "bad_sample"),
        (row(prediction="[" * 50_000), "too_deep"),
        (row(prediction="null"), "bad_sample"),
        (row(prediction="{"), "malformed_json"),
        (row(prediction='{"kind": "refused", "kind": "grounded"}'), "duplicate_key"),
        (predicted(kind="other"), "bad_sample"),
        (predicted(spans=[[1.0]]), "bad_sample"),
        (predicted(spans=[["1", "2"]]), "bad_sample"),
        (predicted(spans=[[2.0, 1.0]]), "bad_sample"),
        (predicted(spans=[[True, 2]]), "bad_sample"),
        (predicted(spans=[[0.0, float("nan")]]), "not_finite"),
        (predicted(spans=[[0.0, 1.0]] * 2_001), "bad_sample"),
        (predicted(score=1.0), "bad_sample"),
        (predicted(explanation=None), "bad_sample"),
        (predicted(format_ok=1), "bad_sample"),
        (
            row(prediction=json.dumps(PREDICTION)[:-1] + ', "candidates": [[0, 1e999]]}'),
            "not_finite",
        ),
        (row(judgements="[]"), "bad_sample"),
        (judged("vibes", value=1.0), "bad_judgement"),
        (judged(value=5.5), "bad_judgement"),
        (judged(value=-0.1), "bad_judgement"),
        (judged(value=True), "bad_judgement"),
        (judged(value=None), "bad_judgement"),
        (judged(value=["Action/FineGrainedAction"]), "bad_judgement"),
        (judged("categories", value=["Action/Dancing"]), "bad_judgement"),
        (judged("categories", value=1.0), "bad_judgement"),
        (judged("similarity", value=1.01), "bad_judgement"),
        (judged(value=1.0, judge="a\u202eb"), "bad_text"),
        (judged(value=1.0, usd=3), "bad_judgement"),
    ],
)
def test_rows_that_no_run_writes_are_refused(content, reason):
    if reason is None:
        assert len(read_sample_table(content, place="t.parquet")) == 1
    else:
        assert reason_of(content) == reason


def test_a_query_that_comes_twice_is_refused():
    assert reason_of(samples_bytes([ROW, ROW])) == "duplicate_query"


@pytest.mark.parametrize("name", ["reply", "prediction", "judgements"])
def test_longer_texts_than_allowed_are_neither_written_nor_read(name):
    long = {**ROW, name: "a" * (limits.MAX_CELL_BYTES + 1)}
    with pytest.raises(EntryRefused) as caught:
        samples_bytes([long])
    assert caught.value.reason == "too_large"
    assert reason_of(written([long])) == "too_large"
