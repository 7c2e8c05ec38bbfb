"""Word lists that tell times from other numbers."""

from typing import Final

_AFTER_A_TIME = """
a an the in of on at and or is are was were when where while as during which that it he she they
there this these his her with by so but because since then shows showing video clip matches marks
corresponds contains depicts seconds second s sec secs
"""
_COUNTED = """
people persons person men women kids children times time meters metres meter cm mm km kg lbs feet
foot inches inch percent points point years year months weeks days hours dollars degrees frames
frame fps mph steps step items pieces cups objects players goals
"""
_AROUND_TIMES = """
from to between and at seconds second secs sec s the answer time times timestamp timestamps start
end starts ends starting ending segment interval range window event happens occurs in is it span
output result final approximately about around roughly minutes min mins until through till
"""
_NAMING = """
time times timestamp timestamps at is was seconds second sec secs s the around approximately about
roughly of point mark in on it position event segment moment value t
"""
FUNCTION_WORDS: Final = frozenset(_AFTER_A_TIME.split())
"""Words that may follow a time range without a unit: "from 12 to 17 in the video"."""
NOTHING: Final = frozenset({"none", "null", "nil", "n/a", "na"})
"""What stands in the place of a time: "None to None", "Start: N/A, End: N/A"."""
COUNTED: Final = frozenset(_COUNTED.split())
"""Words that make a range a count or a measure: "2 to 3 people"."""
AROUND_TIMES: Final = frozenset(_AROUND_TIMES.split())
"""Words that say nothing beyond a time range: "Answer: from 12 to 17 seconds"."""
NAMING: Final = frozenset(_NAMING.split())
"""Words between "starts" and its number: "starts at around the 3.0 second mark"."""
NONE_WORDS: Final = frozenset(
    {
        *("none", "n/a", "na", "null", "nil", "no", "empty", "nothing", "false", "nowhere"),
        *("[]", "{}", "()", "[[]]", "[none]", "[null]", "(none,none)", "[null,null]"),
        *("no answer", "no match", "no segment", "no event", "no span", "no timestamp"),
        *("no such event", "no relevant segment", "not found", "not available", "not relevant"),
        *("not applicable", "not present", "irrelevant", "unanswerable", "refuse"),
    }
)
"""Whole answers that mean "no segment"."""
