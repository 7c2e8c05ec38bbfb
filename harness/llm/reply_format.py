"""Which reply format a server understands, learnt once and remembered for the run."""

from __future__ import annotations

from rarft.harness.llm.answer_schema import ReplyFormat
from rarft.harness.llm.settings import ResponseFormat

N_TO_TELL = 5

_NEXT: dict[ReplyFormat, ReplyFormat] = {"json_schema": "json_object", "json_object": "text"}


class FormatMemory:
    """The format to ask for: with auto a JSON schema first, then any JSON object, then text.

    A server that says it does not know a format, or whose first answers in it are all unusable, is
    asked for the next one.
    """

    def __init__(self, wanted: ResponseFormat) -> None:
        self._is_fixed = wanted != "auto"
        self.current: ReplyFormat = "json_schema" if wanted == "auto" else wanted
        self._n_unusable = 0
        self._is_proven = False

    def can_fall_back(self, used: ReplyFormat) -> bool:
        """Say whether another format is left after one that the server refused."""
        return not self._is_fixed and (used != self.current or used in _NEXT)

    def refused(self, used: ReplyFormat) -> None:
        """Go on to the next format, unless another call has done so since."""
        if used == self.current and not self._is_fixed and used in _NEXT:
            self.current = _NEXT[used]
            self._n_unusable = 0
            self._is_proven = False

    def answered(self, used: ReplyFormat, *, usable: bool) -> None:
        """Learn from one answer."""
        if used != self.current or self._is_proven:
            return
        self._is_proven = usable
        self._n_unusable += not usable
        if self._n_unusable >= N_TO_TELL:
            self.refused(used)
