"""What is asked of a language model and what comes back, whoever asks and however it is sent."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from typing import Literal

from pydantic import BaseModel

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LLMRequest:
    """One question to a language model whose answer must fit a schema.

    `name` says what asks ("reasoning"), `version` names its prompt and schema. Requests with the
    same digest have the same answer: it is asked for once.
    """

    name: str
    version: str
    messages: tuple[Message, ...]
    schema: type[BaseModel]

    def digest(self, *, model: str, settings: str = "") -> str:
        """Return the name of this request to one model: the key of its cached answer.

        Args:
            model: The language model asked.
            settings: What else can change the answer, such as the temperature.
        """
        content = {
            "model": model,
            "settings": settings,
            "version": self.version,
            "messages": [[message.role, message.content] for message in self.messages],
            "schema": _schema_text(self.schema),
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@cache
def _schema_text(schema: type[BaseModel]) -> str:
    return json.dumps(schema.model_json_schema(), sort_keys=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class LLMAnswer:
    """A checked answer, or why there is none.

    `value` is None exactly when `failure` says why. `text` is the last reply as it came. Tokens and
    `usd` cover every attempt; `usd` is None where the model has no known price. `cached` answers
    cost nothing now.
    """

    value: BaseModel | None = None
    failure: str = ""
    text: str = ""
    served_model: str = ""
    n_prompt_tokens: int = 0
    n_new_tokens: int = 0
    usd: float | None = None
    n_calls: int = 0
    cached: bool = False
