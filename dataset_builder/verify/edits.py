"""What a rewrite claims that its original does not: the edited elements.

An edit is `certain` where it changes the meaning by itself, and otherwise goes with another, as
the "from" does in "puts a book on" -> "takes a cup from". Words left out are no edit: what is left
is still true of the video.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from rarft.dataset_builder.verify.alignment import Alignment, Pair, align
from rarft.dataset_builder.verify.arrangement import arrangement_edits, turned_opposites
from rarft.dataset_builder.verify.clauses import Told, told
from rarft.dataset_builder.verify.edit import Edit, Weight
from rarft.dataset_builder.verify.tokens import ACTIONS, PLACES, PROPERTIES, THINGS, Token

_STOPPING: Final = frozenset({"stop", "cease", "quit", "finish", "complete", "end"})


def edits_between(original: str, rewrite: str) -> tuple[Edit, ...]:
    """Return the edits that lead from one query to another, in the order of the rewrite.

    Example:
        >>> [(e.shown, e.claimed, e.weight) for e in
        ...  edits_between("a man puts a book on the desk", "a man takes a cup from the desk")]
        [('put', 'take', 'certain'), ('book', 'cup', 'certain'), ('on', 'from', 'optional')]
        >>> edits_between("a man shuts the fridge", "the refrigerator is closed by a man")
        ()
    """
    before, after = told(original), told(rewrite)
    found = align(before.tokens, after.tokens)
    turned = turned_opposites(before, after) if found.moved else frozenset()
    edits = [
        edit for edit in _word_edits(found, before) if (edit.shown, edit.claimed) not in turned
    ]
    edits += arrangement_edits(found, before, after)
    edits += _left_out_edits(found)
    return tuple(_promoted(edits + _link_edits(before, after, edits)))


@dataclass(frozen=True, slots=True)
class _Changed:
    """The pairs of an alignment and which of their claimed words are new."""

    pairs: Sequence[Pair]
    known: Sequence[Token]

    def is_new(self, place: int) -> bool:
        pair = self.pairs[place]
        return pair.claimed is not None and not pair.is_kept and not self.is_repeated(pair.claimed)

    def is_repeated(self, token: Token) -> bool:
        """Return whether a thing was named before, so that naming it again claims nothing."""
        if token.kind == "generic":
            return True
        return token.kind in THINGS and any(one.implies(token) for one in self.known)


def _word_edits(found: Alignment, before: Told) -> Iterator[Edit]:
    pairs = [pair for pair in found.pairs if pair.claimed is not None]
    changed = _Changed(pairs, before.tokens)
    for place, pair in enumerate(pairs):
        if changed.is_new(place):
            assert pair.claimed is not None
            weight = _weight(changed, place)
            if weight is not None:
                yield Edit(
                    shown_token=pair.shown,
                    claimed_token=pair.claimed,
                    weight=weight,
                    head=_neighbour(pairs, place, THINGS, forward=True),
                    governor=_governor(pairs, place),
                )
        elif pair.is_kept and pair.shown and pair.claimed and _counts_more(pair):
            strong = pair.claimed.kind == "agent" and pair.claimed.base == "person"
            numbered = place and pairs[place - 1].claimed
            if numbered and numbered.kind == "number":
                continue
            yield Edit(
                shown_token=pair.shown,
                claimed_token=pair.claimed,
                weight="certain" if strong else "weak",
                kind="number",
            )


def _counts_more(pair: Pair) -> bool:
    assert pair.shown
    assert pair.claimed
    return (
        pair.claimed.plural
        and not pair.shown.plural
        and pair.claimed.kind in THINGS
        and pair.shown.kind in THINGS
        and pair.shown.base == pair.claimed.base
    )


def _weight(changed: _Changed, place: int) -> Weight | None:
    pair = changed.pairs[place]
    claimed = pair.claimed
    assert claimed is not None
    if claimed.kind in THINGS:
        return _thing_weight(changed, place)
    if claimed.kind in PROPERTIES:
        return _property_weight(changed, place)
    if claimed.kind in PLACES:
        return _place_weight(changed, place)
    if claimed.kind == "manner":
        return "certain" if pair.shown is not None else "optional"
    return "certain"


def _thing_weight(changed: _Changed, place: int) -> Weight:
    pair, previous = changed.pairs[place], place - 1
    before = changed.pairs[previous] if place else None
    follows_new = before is not None and changed.is_new(previous)
    if pair.shown is not None and pair.shown.kind != "generic":
        if follows_new and before and before.claimed and before.claimed.kind in THINGS:
            return "optional"
        return "certain"
    if follows_new and before and before.claimed:
        # "undresses" -> "puts on clothes", "a book" -> "a cup of tea": one element.
        if before.claimed.kind in THINGS:
            return "optional"
        if before.claimed.kind in ACTIONS and pair.shown is None:
            return "optional"
    return "certain"


def _property_weight(changed: _Changed, place: int) -> Weight | None:
    pair = changed.pairs[place]
    claimed = pair.claimed
    assert claimed is not None
    if claimed.base in ("one", "1", "single") and pair.shown is None:
        head = _neighbour(changed.pairs, place, THINGS, forward=True)
        plural = head is not None and head.shown is not None and head.shown.plural
        return "certain" if plural else "weak"
    if claimed.kind == "comparison":
        return "certain"
    head_place = _place_of(changed.pairs, place, THINGS)
    if head_place is not None and changed.is_new(head_place):
        return "optional"
    return "certain"


def _place_weight(changed: _Changed, place: int) -> Weight | None:
    """A preposition goes with a new verb before it or a new thing after it."""
    pair = changed.pairs[place]
    claimed = pair.claimed
    assert claimed is not None
    verb = _place_of(changed.pairs, place, ACTIONS, forward=False)
    if claimed.base == "by" and verb == place - 1:
        return None
    if verb is not None and changed.is_new(verb):
        return "optional"
    thing = _place_of(changed.pairs, place, THINGS)
    if thing is not None and changed.is_new(thing) and claimed.kind == "place":
        return "optional"
    if {claimed.base, pair.shown.base if pair.shown else ""} <= {"at", "in", "on", "with", ""}:
        return "weak"
    return "certain"


def _place_of(
    pairs: Sequence[Pair],
    place: int,
    kinds: Container[str],
    *,
    forward: bool = True,
) -> int | None:
    """Return where the next or the last claimed word of some kinds stands."""
    places = range(place + 1, len(pairs)) if forward else range(place - 1, -1, -1)
    for at in places:
        claimed = pairs[at].claimed
        if claimed is not None and claimed.kind in kinds:
            return at
    return None


def _neighbour(
    pairs: Sequence[Pair], place: int, kinds: Container[str], *, forward: bool
) -> Pair | None:
    at = _place_of(pairs, place, kinds, forward=forward)
    return None if at is None else pairs[at]


def _governor(pairs: Sequence[Pair], place: int) -> Token | None:
    """Return the preposition before a thing, with nothing but its properties between."""
    for at in range(place - 1, -1, -1):
        claimed = pairs[at].claimed
        if claimed is None:
            continue
        if claimed.kind in PLACES:
            return claimed
        if claimed.kind not in PROPERTIES and claimed.kind not in THINGS:
            return None
    return None


def _left_out_edits(found: Alignment) -> list[Edit]:
    """Leaving out "not" or "stops" turns the meaning round."""
    return [
        Edit(shown_token=pair.shown, claimed_token=None, weight="certain")
        for pair in found.pairs
        if pair.shown is not None
        and pair.claimed is None
        and (pair.shown.kind == "negation" or pair.shown.base in _STOPPING)
    ]


def _link_edits(before: Told, after: Told, edits: Sequence[Edit]) -> list[Edit]:
    """Compare how the steps are linked: one after another, or at once."""
    if before.links == after.links and before.marks == after.marks:
        return []
    shared = sum(token.kind == "verb" for token in after.tokens)
    turned = (
        "simultaneous" in before.links ^ after.links and "sequence" in after.links | before.links
    )
    is_new = after.links - before.links
    if not is_new and before.marks == after.marks:
        return []
    certain = turned and shared > 1 and not any(edit.kind == "order" for edit in edits)
    weight: Weight = "optional" if certain else "weak"
    said = " ".join(before.marks) or " ".join(sorted(before.links))
    claimed = " ".join(after.marks) or " ".join(sorted(after.links))
    return [
        Edit(
            shown_token=None, claimed_token=None, weight=weight, kind="order", words=(said, claimed)
        )
    ]


def _promoted(edits: list[Edit]) -> list[Edit]:
    """Take what only goes with another edit for an edit of its own where there is no other."""
    if any(edit.weight == "certain" for edit in edits):
        return edits
    first = next((at for at, edit in enumerate(edits) if edit.weight == "optional"), None)
    if first is None:
        return edits
    edits[first] = replace(edits[first], weight="certain")
    return edits


def is_entailed(original: str, rewrite: str) -> bool:
    """Return whether a rewrite is true wherever the original is, as far as words tell.

    Example:
        >>> is_entailed("a woman puts a red cup on the shelf", "someone places a cup on a shelf")
        True
        >>> is_entailed("someone places a cup on a shelf", "a woman puts a red cup on the shelf")
        False
    """
    if not _may_entail(told(original).tokens, told(rewrite).tokens):
        return False
    return all(edit.weight == "weak" for edit in edits_between(original, rewrite))


def _may_entail(known: Sequence[Token], claimed: Sequence[Token]) -> bool:
    """Return whether every action and thing was named: without them nothing need be aligned."""
    return all(
        any(one.implies(token) for one in known)
        for token in claimed
        if token.kind == "verb" or (token.kind in THINGS and token.kind != "generic")
    )
