"""Read the official reference answers: the field `a` of an annotation record."""

from rarft.harness.parsing.body import Body, make_body
from rarft.harness.parsing.cleaning import collapse
from rarft.harness.parsing.tags import without_markup, without_sections


def reference_refusal(answer: str) -> str:
    """Return the text of a reference answer without its tags.

    Example:
        >>> reference_refusal("<answer>No dog is shown.</answer><correct>a cat sits</correct>")
        'No dog is shown.'
        >>> reference_refusal("No dog is shown.")
        'No dog is shown.'
    """
    body = _body(answer)
    section = body.last("answer")
    text = section.text if section else without_sections(body.visible)
    return collapse(without_markup(text))


def reference_correction(answer: str) -> str | None:
    """Return the corrected query of a reference answer, or None where it has none.

    Example:
        >>> reference_correction("<answer>No dog is shown.</answer><correct>a cat sits</correct>")
        'a cat sits'
        >>> reference_correction("<answer>3.0 to 9.0</answer><correct></correct>") is None
        True
    """
    return _body(answer).correction


def _body(answer: str) -> Body:
    return make_body(answer, duration_s=None, frame_times_s=None)
