"""What a rewrite changes by arranging the same words anew: order, roles, and what belongs to what.

"A man opens the box and then sits" and "after opening the box, a man sits" tell the same; "a dog
chases a cat" and "a cat chases a dog" do not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise
from typing import Final

from rarft.dataset_builder.verify.alignment import Alignment, Pair
from rarft.dataset_builder.verify.clauses import ASIDE, Link, Told
from rarft.dataset_builder.verify.edit import Edit
from rarft.dataset_builder.verify.lexicon import lexicon
from rarft.dataset_builder.verify.tokens import PROPERTIES, THINGS, Token

_STEPS: Final = frozenset({"verb", "direction"})
_MIDDLES: Final = frozenset({"verb", "comparison", "place"})
_Bound = tuple[Token, Token]
_Triple = tuple[Token, Token, Token]


def arrangement_edits(found: Alignment, before: Told, after: Told) -> list[Edit]:
    """Return the edits that no single word shows."""
    order = _order_edit(found, before, after)
    edits = [] if order is None else [order]
    if not found.moved:
        return edits
    for kinds in (PROPERTIES, frozenset({"place"}), frozenset({"direction"})):
        swapped = _swapped(before.tokens, after.tokens, kinds)
        edits += [_edit(pair, None) for pair in swapped[:1]]
    if not edits:
        opposite = turned_opposites(before, after)
        role = None if opposite else _role_edit(before.tokens, after.tokens)
        edits += [role] if role is not None else []
    return edits


def _edit(pair: Pair, kind: object) -> Edit:
    return Edit(
        shown_token=pair.shown,
        claimed_token=pair.claimed,
        weight="certain",
        kind=kind,  # type: ignore[arg-type]
    )


def _order_edit(found: Alignment, before: Told, after: Told) -> Edit | None:
    """Return an edit where two shared actions happen in the other order."""
    spots_before = {id(token): at for at, token in enumerate(before.tokens)}
    spots_after = {id(token): at for at, token in enumerate(after.tokens)}
    shared = [
        (pair.shown, pair.claimed)
        for pair in (*found.pairs, *found.moved)
        if pair.is_kept
        and pair.shown
        and pair.claimed
        and pair.shown.kind in _STEPS
        and ASIDE not in (pair.shown.clause, pair.claimed.clause)
    ]
    for (a, a_new), (b, b_new) in combinations(shared, 2):
        if a.says(b) or (a.clause == b.clause and "direction" in (a.kind, b.kind)):
            continue
        first = (a.clause, spots_before[id(a)]) < (b.clause, spots_before[id(b)])
        still = (a_new.clause, spots_after[id(a_new)]) < (b_new.clause, spots_after[id(b_new)])
        if first == still:
            continue
        both_linked = a.clause != b.clause and a_new.clause != b_new.clause
        if both_linked or not (_at_once(a, b, before.links) or _at_once(a_new, b_new, after.links)):
            earlier, later = (a, b) if first else (b, a)
            return _edit(Pair(earlier, later), "order")
    n_steps = _n_steps(before)
    if n_steps == _n_steps(after) > 1:
        for a, a_new in shared:
            if a.clause != a_new.clause:
                return _edit(Pair(a, a_new), "order")
    return None


def _n_steps(query: Told) -> int:
    return 1 + max((token.clause for token in query.tokens), default=0)


def _at_once(a: Token, b: Token, links: frozenset[Link]) -> bool:
    """Return whether two actions of one step go on at the same time."""
    if a.clause != b.clause:
        return False
    return "simultaneous" in links or any(t.word.split()[0].endswith("ing") for t in (a, b))


def _swapped(before: Sequence[Token], after: Sequence[Token], kinds: frozenset[str]) -> list[Pair]:
    """Return what now belongs to another of the same things, each as (was there, is there)."""
    old, new = list(_bound(before, kinds)), list(_bound(after, kinds))
    found = []
    for (binder, head), (new_binder, new_head) in (
        (o, n) for o in old for n in new if o[1].says(n[1]) and not o[0].says(n[0])
    ):
        was_elsewhere = any(b.says(new_binder) and not h.says(head) for b, h in old)
        is_elsewhere = any(b.says(binder) and not h.says(new_head) for b, h in new)
        if was_elsewhere and is_elsewhere:
            found.append(Pair(binder, new_binder))
    return found


def _bound(tokens: Sequence[Token], kinds: frozenset[str]) -> Iterator[_Bound]:
    """Yield each word of some kinds with its thing: the next one, or of a side the last one."""
    for at, token in enumerate(tokens):
        if token.kind in kinds:
            near = reversed(tokens[:at]) if token.kind == "direction" else tokens[at + 1 :]
            head = next((one for one in near if one.kind in THINGS), None)
            if head is not None:
                yield token, head


def _role_edit(before: Sequence[Token], after: Sequence[Token]) -> Edit | None:
    """Return an edit where two things have changed places around an action or a relation.

    A passive sentence names them the other way round and says the same.
    """
    for (a, middle, b), (_, middle_new, _) in _turned(before, after):
        passive = _is_passive(before, middle) != _is_passive(after, middle_new)
        if middle.says(middle_new) and not passive:
            return Edit(shown_token=a, claimed_token=b, weight="certain", kind="role")
    return None


def turned_opposites(before: Told, after: Told) -> frozenset[tuple[str, str]]:
    """Return relations that were replaced by their opposite while their things changed places.

    "A is left of B" and "B is right of A" say the same.
    """
    return frozenset(
        (middle.base, middle_new.base)
        for (_, middle, _), (_, middle_new, _) in _turned(before.tokens, after.tokens)
        if any(
            frozenset({name, new_name}) in lexicon().opposites
            for name in middle.names
            for new_name in middle_new.names
        )
    )


def _turned(before: Sequence[Token], after: Sequence[Token]) -> Iterator[tuple[_Triple, _Triple]]:
    """Yield what stands between two things, and between the same two named the other way round."""
    triples = list(_triples(after))
    for triple in _triples(before):
        a, _, b = triple
        if a.says(b) or "generic" in (a.kind, b.kind):
            continue
        for other in triples:
            if a.says(other[2]) and b.says(other[0]):
                yield triple, other


def _triples(tokens: Sequence[Token]) -> Iterator[_Triple]:
    things = [(at, token) for at, token in enumerate(tokens) if token.kind in THINGS]
    for (left, a), (right, b) in pairwise(things):
        for token in tokens[left + 1 : right]:
            if token.kind in _MIDDLES:
                yield a, token, b


def _is_passive(tokens: Sequence[Token], verb: Token) -> bool:
    """Return whether "by" follows a verb."""
    at = next(at for at, token in enumerate(tokens) if token is verb)
    return verb.kind == "verb" and at + 1 < len(tokens) and tokens[at + 1].base == "by"
