"""samples/<task>.parquet: written by `submit`, read back within bounds."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from rarft.leaderboard.entries.limits import KIB, MAX_CELL_BYTES, MAX_QUERY_ID, MAX_REPLY_BYTES
from rarft.leaderboard.entries.parquet_layout import (
    BYTE_ARRAY,
    DOUBLE,
    INT64,
    ColumnLayout,
    TableSize,
    check_layout,
)
from rarft.leaderboard.entries.refusal import EntryRefused, shown
from rarft.leaderboard.entries.sample_rows import sample_of
from rarft.leaderboard.types import Sample

COLUMNS: Final = (
    ColumnLayout("query_id", BYTE_ARRAY),
    ColumnLayout("status", BYTE_ARRAY),
    ColumnLayout("failure", BYTE_ARRAY, is_nullable=True),
    ColumnLayout("reply", BYTE_ARRAY),
    ColumnLayout("relevance_score", DOUBLE, is_nullable=True),
    ColumnLayout("prediction", BYTE_ARRAY, is_nullable=True),
    ColumnLayout("judgements", BYTE_ARRAY),
    ColumnLayout("n_prompt_tokens", INT64, is_nullable=True),
    ColumnLayout("n_new_tokens", INT64, is_nullable=True),
    ColumnLayout("n_frames", INT64, is_nullable=True),
    ColumnLayout("effective_fps", DOUBLE, is_nullable=True),
    ColumnLayout("seconds", DOUBLE, is_nullable=True),
)
MAX_BYTES: Final = {
    "query_id": 4 * MAX_QUERY_ID,
    "status": 20,
    "failure": MAX_REPLY_BYTES,
    "reply": MAX_REPLY_BYTES,
    "prediction": MAX_CELL_BYTES,
    "judgements": MAX_CELL_BYTES,
}
"""The most bytes of a text, by column."""
_ROWS_A_GROUP: Final = 8_192
_PAGE_BYTES: Final = 1024 * KIB
_ROWS_A_STEP: Final = 32
"""After how many rows a page may end: the longest texts stay below the limit of a page."""
_LEVEL: Final = 9


def samples_bytes(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return rows, with a key for every column, as a Parquet file of the only layout that is read.

    Raises:
        EntryRefused: a text is longer than allowed.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {BYTE_ARRAY: pa.string(), DOUBLE: pa.float64(), INT64: pa.int64()}
    schema = pa.schema(
        [pa.field(one.name, kinds[one.physical], nullable=one.is_nullable) for one in COLUMNS]
    )
    arrays = [pa.array([row[field.name] for row in rows], type=field.type) for field in schema]
    table = pa.Table.from_arrays(arrays, schema=schema)
    _check_lengths(table, place="the samples")
    buffer = io.BytesIO()
    pq.write_table(
        table,
        buffer,
        row_group_size=_ROWS_A_GROUP,
        compression="zstd",
        compression_level=_LEVEL,
        use_dictionary=False,
        write_statistics=False,
        store_schema=False,
        data_page_size=_PAGE_BYTES,
        write_batch_size=_ROWS_A_STEP,
        data_page_version="1.0",
        version="2.6",
    )
    return buffer.getvalue()


def table_size(content: bytes, *, place: str) -> TableSize:
    """Return what a samples file would take to read, without unpacking any of it.

    Raises:
        EntryRefused: the file has another layout, or would unpack to too much.
    """
    return check_layout(content, COLUMNS, place=place)


def read_sample_table(content: bytes, *, place: str) -> tuple[Sample, ...]:
    """Read the samples of one task; `place` names the file in messages.

    Raises:
        EntryRefused: the file has another layout, would unpack to too much, or a row cannot be
            believed to be one.
    """
    n_rows = table_size(content, place=place).n_rows
    table = _decoded(content, place)
    if table.num_rows != n_rows:
        raise EntryRefused(
            "malformed_parquet",
            f"{place}: got {table.num_rows} rows, expected the {n_rows} of the footer; "
            "make the entry again",
        )
    _check_lengths(table, place=place)
    samples = tuple(sample_of(row, place=place) for row in _rows(table))
    seen: set[str] = set()
    for sample in samples:
        if sample.query_id in seen:
            raise EntryRefused(
                "duplicate_query",
                f"{place}: got the query {shown(sample.query_id)} twice, expected one row a query; "
                "make the entry again",
            )
        seen.add(sample.query_id)
    return samples


def _decoded(content: bytes, place: str) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(pa.BufferReader(content), pre_buffer=False) as file:
            table = file.read(use_threads=False)
        # Texts are taken as UTF-8 unseen, and offsets as right, unless they are looked at.
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        text = "UTF" in reason.upper()
        raise EntryRefused(
            "bad_text" if text else "malformed_parquet",
            f"{place}: got a file that cannot be decoded ({reason}), expected one as "
            "rarft-leaderboard submit writes it; make the entry again",
        ) from error
    return table


def _check_lengths(table: Any, *, place: str) -> None:
    import pyarrow.compute as pc

    for name, most in MAX_BYTES.items():
        longest = pc.max(pc.binary_length(table.column(name))).as_py()
        if longest is not None and longest > most:
            raise EntryRefused(
                "too_large",
                f"{place}: got {longest} bytes in {name}, expected at most {most}; "
                "shorten what the model may write",
            )


def _rows(table: Any) -> Iterator[dict[str, Any]]:
    names = table.column_names
    for batch in table.to_batches(max_chunksize=_ROWS_A_GROUP):
        columns: Iterable[list[Any]] = [column.to_pylist() for column in batch.columns]
        for values in zip(*columns, strict=True):
            yield dict(zip(names, values, strict=True))
