"""What is known of a source of annotations, and how it is read."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from rarft.dataset_builder.types import Rejected
from rarft.harness.errors import UserError
from rarft.harness.types import Query

Reader = Callable[..., Iterator[Query | Rejected]]
"""`read(path, *, split, **options)`: queries with local ids, and the rows that are no use."""
NOT_STATED: Final = "not stated"
"""The licence of annotations whose owners are not known to have given one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The licence of annotations, and whether it is known to let them be handed on."""

    licence: str
    redistributable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A set of annotations that `rarft-data` reads.

    `licence` is that of the annotations, not of the videos. `redistributable` is true where it is
    known to let the annotations be handed on. `verified` is true where the reader has read the
    real file; of the others only a description was at hand. A `benchmark` has rows whose number
    others count on: what would cost a row elsewhere is a flag in it. `files` has the terms of
    single files, by name, that are not those of the rest.
    """

    name: str
    title: str
    licence: str
    citation: str
    url: str
    redistributable: bool
    verified: bool
    read: Reader
    benchmark: bool = False
    files: Mapping[str, Terms] = field(default_factory=dict)

    @property
    def options(self) -> tuple[str, ...]:
        """Return the names of the reader's own options."""
        return tuple(inspect.signature(self.read).parameters)[2:]

    def terms_of(self, file: str) -> Terms:
        """Return the terms of the annotations in a file, packed or not, by its name."""
        own = self.files.get(file.removesuffix(".gz"))
        return own or Terms(licence=self.licence, redistributable=self.redistributable)


def check_options(source: Source, options: Mapping[str, Any]) -> None:
    """Check the options of a reader before it is started.

    Raises:
        UserError: there is no such option, or one without which nothing can be read is missing.
    """
    parameters = inspect.signature(source.read).parameters
    known = source.options
    for name in options:
        if name not in known:
            raise UserError(
                f"got the option {name} for the source {source.name}, expected one of "
                f"{', '.join(known) or 'none'}; see `rarft-data sources`"
            )
    for name in known:
        if parameters[name].default is inspect.Parameter.empty and options.get(name) is None:
            raise UserError(
                f"got no option {name} for the source {source.name}, expected one; add "
                f"{name}=... to --source_args"
            )
