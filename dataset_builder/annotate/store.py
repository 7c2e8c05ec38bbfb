"""Rows and annotations in one SQLite file.

A change is on the disk when the call that makes it returns: the journal is a write-ahead log that
is synced at every commit. An annotation carries a version, so that a window that shows an older one
cannot overwrite a newer one.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from rarft.dataset_builder.annotate.annotation import Annotation, annotation_from_json, is_edited
from rarft.dataset_builder.types import Row, row_from_json
from rarft.harness.errors import NotFoundError, RarftError, UserError

SCHEMA_VERSION: Final = 1
_BUSY_TIMEOUT_S: Final = 10.0
_SCHEMA: Final = """
create table if not exists meta (name text primary key, value text not null);
create table if not exists items (
  id text primary key,
  position integer not null,
  serial integer not null,
  video text not null,
  text text not null,
  row text not null,
  added_by text
);
create index if not exists items_order on items (position, serial);
create index if not exists items_video on items (video);
create table if not exists annotations (
  item text not null references items (id),
  annotator text not null,
  version integer not null,
  decision text not null,
  relevant integer,
  edited integer not null,
  annotation text not null,
  saved_at text not null,
  primary key (item, annotator)
) without rowid;
"""


class StaleError(RarftError):
    """An annotation was saved from somewhere else since it was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A row that is annotated; `added_by` names who added it, if it came from no file."""

    row: Row
    position: int
    added_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """An annotation as it is stored."""

    item: str
    annotator: str
    version: int
    annotation: Annotation
    saved_at: str


class AnnotationStore:
    """An open database; its state is the file.

    Raises:
        UserError: the file is no database of annotations, or cannot be written.
    """

    def __init__(self, path: Path, *, must_exist: bool = False) -> None:
        self.path = path
        if must_exist and not path.is_file():
            raise NotFoundError(
                f"got {path}, which is not there, expected a database of annotations; make one "
                "with rarft-data annotate FOLDER_OR_FILE --videos DIR"
            )
        with self.told():
            self.connection = sqlite3.connect(
                path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            self._prepare()

    def _prepare(self) -> None:
        (journal,) = self.connection.execute("pragma journal_mode = wal").fetchone()
        if journal != "wal":
            raise UserError(
                f"{self.path}: got a file system without shared memory, expected a local one; "
                "give another --database"
            )
        # FULL syncs the log at every commit; macOS needs to be asked for a real sync.
        self.connection.execute("pragma synchronous = full")
        self.connection.execute("pragma fullfsync = on")
        with self._transaction():
            for statement in filter(str.strip, _SCHEMA.split(";")):
                self.connection.execute(statement)
            self.connection.execute(
                "insert or ignore into meta values ('schema_version', ?)", (str(SCHEMA_VERSION),)
            )
        (version,) = self.connection.execute(
            "select value from meta where name = 'schema_version'"
        ).fetchone()
        if version != str(SCHEMA_VERSION):
            raise UserError(
                f"{self.path}: got schema_version {version}, expected {SCHEMA_VERSION}; use the "
                "version of rarft that wrote it, or another --database"
            )

    def add_rows(self, rows: Iterable[Row], *, behind: bool = False) -> int:
        """Store the rows of a file and return how many are new; those stored before stay.

        `behind` puts new ones behind all that are there.

        Raises:
            UserError: two rows of one id, or a row other than the one that was annotated.
        """
        n_new, seen = 0, set[str]()
        with self.told(), self._transaction():
            (first,) = self.connection.execute(
                "select coalesce(max(position) + 1, 0) from items"
            ).fetchone()
            for position, row in enumerate(rows, start=first if behind else 0):
                if row.query.id in seen:
                    raise UserError(
                        f"got two rows with the id {row.query.id}, expected one; "
                        "run rarft-data normalise first"
                    )
                seen.add(row.query.id)
                n_new += self._add_row(row, position)
        return n_new

    def _add_row(self, row: Row, position: int) -> bool:
        content = json.dumps(row.to_json())
        known = self.connection.execute(
            "select row, exists (select 1 from annotations where item = id) from items "
            "where id = ?",
            (row.query.id,),
        ).fetchone()
        if known is None:
            self._insert(row, position=position, serial=0, added_by=None)
            return True
        if known[0] == content:
            return False
        if known[1]:
            raise UserError(
                f"got row {row.query.id}, which is not what was annotated in {self.path}, expected "
                "the same row; give another --database"
            )
        self.connection.execute(
            "update items set position = ?, video = ?, text = ?, row = ? where id = ?",
            (position, row.query.video, row.query.text, content, row.query.id),
        )
        return False

    def add_item(self, row: Row, *, after: str, added_by: str) -> None:
        """Store a row that an annotator adds, in the place behind another one.

        Raises:
            UserError: there is a row of that id.
        """
        position = self.item(after).position
        with self.told(), self._transaction():
            (serial,) = self.connection.execute(
                "select max(serial) + 1 from items where position = ?", (position,)
            ).fetchone()
            self._insert(row, position=position, serial=serial, added_by=added_by)

    def _insert(self, row: Row, *, position: int, serial: int, added_by: str | None) -> None:
        query, content = row.query, json.dumps(row.to_json())
        self.connection.execute(
            "insert into items values (?, ?, ?, ?, ?, ?, ?)",
            (query.id, position, serial, query.video, query.text, content, added_by),
        )

    def item(self, item_id: str) -> Item:
        """Return a row.

        Raises:
            NotFoundError: there is none of that id.
        """
        with self.told():
            found = self.connection.execute(
                "select row, position, added_by from items where id = ?", (item_id,)
            ).fetchone()
        if found is None:
            raise NotFoundError(f"got row '{item_id}', which is not there; reload the page")
        return Item(row=row_from_json(json.loads(found[0])), position=found[1], added_by=found[2])

    def videos(self) -> set[str]:
        """Return the videos that a row is about."""
        with self.told():
            return {video for (video,) in self.connection.execute("select video from items")}

    def rows_of_video(self, video: str) -> list[Row]:
        """Return the rows about one video, in their order."""
        with self.told():
            found = self.connection.execute(
                "select row from items where video = ? order by position, serial, id", (video,)
            ).fetchall()
        return [row_from_json(json.loads(content)) for (content,) in found]

    def annotation(self, item_id: str, annotator: str) -> Saved | None:
        """Return what an annotator saved of a row, None where nothing."""
        with self.told():
            found = self.connection.execute(
                "select item, annotator, version, annotation, saved_at from annotations "
                "where item = ? and annotator = ?",
                (item_id, annotator),
            ).fetchone()
        return None if found is None else _saved(found)

    def save(self, item_id: str, annotator: str, annotation: Annotation, *, version: int) -> Saved:
        """Store an annotation durably; `version` is the one it was made from, 0 for none.

        Raises:
            StaleError: another version has been stored since.
            NotFoundError: there is no such row.
        """
        saved = Saved(
            item=item_id,
            annotator=annotator,
            version=version + 1,
            annotation=annotation,
            saved_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        )
        edited = is_edited(annotation, self.item(item_id).row)
        with self.told(), self._transaction():
            stored = self.connection.execute(
                "select version from annotations where item = ? and annotator = ?",
                (item_id, annotator),
            ).fetchone()
            if (stored[0] if stored else 0) != version:
                raise StaleError(f"row '{item_id}' was saved by {annotator} in another window")
            self.connection.execute(
                "insert or replace into annotations values (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    item_id,
                    annotator,
                    saved.version,
                    annotation.decision,
                    annotation.relevant,
                    edited,
                    json.dumps(annotation.to_json()),
                    saved.saved_at,
                ),
            )
        return saved

    def annotations(self) -> Iterator[tuple[Row, tuple[Saved, ...]]]:
        """Yield every row that somebody annotated, in order, with all that was saved of it."""
        with self.told():
            items = self.connection.execute(
                "select id, row from items where exists "
                "(select 1 from annotations where item = id) order by position, serial, id"
            )
            for item_id, content in items:
                found = self.connection.execute(
                    "select item, annotator, version, annotation, saved_at from annotations "
                    "where item = ? order by annotator",
                    (item_id,),
                )
                yield row_from_json(json.loads(content)), tuple(map(_saved, found))

    def close(self) -> None:
        """Close the file; what the log holds is moved into it."""
        self.connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self.connection.execute("begin immediate")
        try:
            yield
            self.connection.execute("commit")
        finally:
            # SQLite ends the transaction itself where the disk is full.
            if self.connection.in_transaction:
                self.connection.execute("rollback")

    @contextmanager
    def told(self) -> Iterator[None]:
        """Turn what SQLite raises into a line for the user."""
        try:
            yield
        except sqlite3.Error as error:
            raise UserError(
                f"{self.path}: got '{error}', expected a database of annotations on a disk with "
                "room; mend that or give another --database, what is saved stays saved"
            ) from error


def _saved(found: tuple[Any, ...]) -> Saved:
    item, annotator, version, content, saved_at = found
    return Saved(
        item=item,
        annotator=annotator,
        version=version,
        annotation=annotation_from_json(json.loads(content)),
        saved_at=saved_at,
    )
