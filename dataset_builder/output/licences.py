"""What the licences of the sources allow for the set as a whole.

This is a reading of the terms for the usual case, not legal advice: a rewritten query is an
adaptation of its source's annotation, and a published set hands on all its rows together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from rarft.dataset_builder.output.tally import SourceCount

OTHER: Final = "other"
"""What the Hub calls terms that are no licence it knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a licence asks of whoever shares an adaptation."""

    is_commercial: bool = True
    is_share_alike: bool = False
    is_adaptable: bool = True


_FREE: Final = Terms()
_NO_DERIVATIVES: Final = Terms(is_adaptable=False)
TERMS: Final[Mapping[str, Terms]] = {
    "CC0-1.0": _FREE,
    "MIT": _FREE,
    "BSD-2-Clause": _FREE,
    "BSD-3-Clause": _FREE,
    "Apache-2.0": _FREE,
    "CDLA-Permissive-2.0": _FREE,
    "ODC-By-1.0": _FREE,
    "CC-BY-3.0": _FREE,
    "CC-BY-4.0": _FREE,
    "CC-BY-NC-3.0": Terms(is_commercial=False),
    "CC-BY-NC-4.0": Terms(is_commercial=False),
    "CC-BY-SA-3.0": Terms(is_share_alike=True),
    "CC-BY-SA-4.0": Terms(is_share_alike=True),
    "CC-BY-NC-SA-3.0": Terms(is_commercial=False, is_share_alike=True),
    "CC-BY-NC-SA-4.0": Terms(is_commercial=False, is_share_alike=True),
    "CC-BY-ND-4.0": _NO_DERIVATIVES,
    "CC-BY-NC-ND-3.0": _NO_DERIVATIVES,
    "CC-BY-NC-ND-4.0": _NO_DERIVATIVES,
}
"""SPDX identifiers, from the one that asks the least to the one that asks the most."""
_SPDX: Final = {name.casefold(): name for name in TERMS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Combined:
    """The licence of a set, and what forbids to publish it: one sentence each."""

    licence: str
    problems: tuple[str, ...]


def combine(sources: Iterable[SourceCount]) -> Combined:
    """Return the licence of rows of several sources.

    Example:
        >>> def rows(source, licence, *, redistributable=True):
        ...     return SourceCount(source=source, split="train", licence=licence, citation="",
        ...                        redistributable=redistributable, n_rows=1)
        >>> combine([rows("a", "MIT"), rows("b", "CC-BY-NC-4.0")]).licence
        'CC-BY-NC-4.0'
        >>> combine([rows("a", "CC-BY-SA-4.0"), rows("b", "CC-BY-NC-4.0")]).problems
        ('CC-BY-SA-4.0 (a) and CC-BY-NC-4.0 (b) cannot be mixed in one set',)
    """
    by_licence: dict[str, list[str]] = {}
    closed: dict[str, str] = {}
    for one in sources:
        licence = spdx(one.licence)
        if not one.redistributable:
            closed[one.source] = one.licence or "no licence"
        names = by_licence.setdefault(licence or one.licence or "no licence", [])
        if one.source not in names:
            names.append(one.source)
    problems = [
        f"the licence of {source} ({licence}) does not let its annotations be handed on"
        for source, licence in closed.items()
    ]
    problems += [
        f"{licence} ({', '.join(names)}) forbids to share changed queries"
        for licence, names in by_licence.items()
        if licence in TERMS and not TERMS[licence].is_adaptable
    ]
    problems += _mixtures(by_licence)
    return Combined(licence=OTHER if problems else _most(by_licence), problems=tuple(problems))


def spdx(licence: str) -> str | None:
    """Return the SPDX identifier that a licence is known by, or None.

    Example:
        >>> spdx("apache-2.0"), spdx("Charades licence")
        ('Apache-2.0', None)
    """
    return _SPDX.get(licence.strip().casefold())


def _mixtures(by_licence: Mapping[str, list[str]]) -> list[str]:
    """Say which licences ask for terms that another does not allow."""
    shared = [name for name in by_licence if name in TERMS and TERMS[name].is_share_alike]
    found: dict[frozenset[str], str] = {}
    for alike in shared:
        for other in by_licence:
            if other != alike and not _fits(other, under=alike):
                sentence = (
                    f"{alike} ({', '.join(by_licence[alike])}) and {other} "
                    f"({', '.join(by_licence[other])}) cannot be mixed in one set"
                )
                found.setdefault(frozenset((alike, other)), sentence)
    return list(found.values())


def _fits(licence: str, *, under: str) -> bool:
    """Say whether rows of a licence may be shared under another that is share-alike."""
    terms = TERMS.get(licence)
    if terms is None or terms.is_share_alike or not terms.is_adaptable:
        return False
    return terms.is_commercial or not TERMS[under].is_commercial


def _most(by_licence: Mapping[str, list[str]]) -> str:
    """Return the licence that asks the most, or `OTHER` where one of them is unknown."""
    if not by_licence or any(name not in TERMS for name in by_licence):
        return OTHER
    order = list(TERMS)
    return max(by_licence, key=order.index)
