"""Prompts of the steps that ask a language model: packaged or the user's, named by their digest.

`categorize` and `rewrite` are Tables 13 and 14 of RA-RFT (CVPR 2026), with the output form of
Table 14 as valid JSON and with what a redraw is told; `paraphrase` is ours.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from rarft.dataset_builder.config import STEPS, Step
from rarft.harness.errors import UserError
from rarft.harness.llm import LLMRequest, Message

PROMPTS: Final = Path(__file__).parent / "prompts"
PLACEHOLDER: Final = "{input}"
VERSION: Final = "1"
_LAYOUT: Final = re.compile(r"\s*\[SYSTEM\][ \t]*\n(.*?)\n\[USER\][ \t]*\n(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPrompt:
    """One prompt: the system message, and the user message around its placeholder."""

    step: Step
    system: Message
    user: str
    sha256: str

    def request(self, content: Mapping[str, Any], schema: type[BaseModel]) -> LLMRequest:
        """Ask about one input, which stands in the user message as a JSON object."""
        text = json.dumps(content, ensure_ascii=False, indent=1)
        return LLMRequest(
            name=self.step,
            version=f"{VERSION}+{self.sha256[:8]}",
            messages=(self.system, Message("user", self.user.replace(PLACEHOLDER, text))),
            schema=schema,
        )


def step_prompt(step: Step, text: str | None = None) -> StepPrompt:
    r"""Return a packaged prompt, or the one that replaces it.

    A prompt is a line [SYSTEM], the instructions, a line [USER], and the message with {input}.

    Raises:
        UserError: the text has another layout, or lacks the placeholder.

    Example:
        >>> step_prompt("categorize").user
        '{input}'
        >>> step_prompt("rewrite", "[SYSTEM]\nA\n[USER]\nthe query")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        rarft.harness.errors.UserError: got a rewrite prompt without {input}, expected ...
    """
    if text is None:
        text = (PROMPTS / f"{step}.txt").read_text(encoding="utf-8")
    text = text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}").replace("\r\n", "\n")
    match = _LAYOUT.fullmatch(text)
    if match is None:
        raise UserError(
            f"got a {step} prompt without its two parts, expected a line [SYSTEM], the "
            "instructions, a line [USER] and the message; add the lines"
        )
    system, user = match[1].strip(), match[2].strip()
    if PLACEHOLDER not in user:
        raise UserError(
            f"got a {step} prompt without {PLACEHOLDER}, expected it after its line [USER]; add it"
        )
    digest = hashlib.sha256(text.encode(errors="replace")).hexdigest()
    return StepPrompt(step=step, system=Message("system", system), user=user, sha256=digest)


def prompt_digests(prompts: Mapping[str, str]) -> dict[str, str]:
    """Return the SHA-256 of every step's prompt, the user's where there is one."""
    return {step: step_prompt(step, prompts.get(step)).sha256 for step in STEPS}
