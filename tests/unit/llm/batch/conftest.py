"""A loopback server of batches that echoes the last message of each request."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, Field

from rarft.harness.llm import AnswerCache, LLMAnswer, LLMRequest, LLMSettings, Message
from rarft.harness.llm.batch import LIMITS, BatchState, collect, submit

SCRIPT = Path(__file__).resolve().parents[3] / "servers" / "batch_routes.py"
KEY = "batch-key-0123456789"


class Score(BaseModel):
    """What is asked for."""

    score: float = Field(ge=0, le=5)


def question(text: str) -> LLMRequest:
    """Return a request to which the server echoes `text`."""
    messages = (Message("system", "Echo."), Message("user", text))
    return LLMRequest(name="score", version="1", messages=messages, schema=Score)


@dataclass
class BatchJudge:
    """The running server."""

    url: str

    def set(self, **faults: Any) -> None:
        """Set these faults, and no others."""
        content = json.dumps(faults).encode()
        urllib.request.urlopen(f"{self.url}/control/batches", data=content, timeout=10).close()

    def book(self) -> Any:
        with urllib.request.urlopen(f"{self.url}/control/batches", timeout=10) as reply:
            return json.load(reply)

    def sent(self) -> list[list[str]]:
        """Return the messages that each batch asks."""
        return [
            [row["body"]["messages"][-1]["content"] for row in batch["requests"]]
            for batch in self.book()["batches"]
        ]


@dataclass
class Desk:
    """Submits to and collects from one directory."""

    url: str
    directory: Path
    cache: AnswerCache | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    groups: list[list[tuple[int, LLMAnswer]]] = field(default_factory=list)

    def llm(self, **changes: Any) -> LLMSettings:
        wanted = {"model": "gpt-4o-mini", "base_url": f"{self.url}/v1", "timeout_s": 10.0}
        return LLMSettings(**(wanted | self.settings | changes))

    def submit(self, requests: Sequence[LLMRequest], **changes: Any) -> BatchState:
        terms = {"limits": changes.pop("limits", LIMITS)}
        terms["retry_failed"] = changes.pop("retry_failed", False)
        return submit(requests, self.llm(**changes), self.directory, cache=self.cache, **terms)

    def collect(self, requests: Sequence[LLMRequest], **changes: Any) -> BatchState:
        self.groups.clear()
        limits = changes.pop("limits", LIMITS)
        return collect(
            requests,
            self.llm(**changes),
            self.directory,
            cache=self.cache,
            on_answers=lambda group: self.groups.append(list(group)),
            limits=limits,
        )

    @property
    def answers(self) -> dict[int, LLMAnswer]:
        """Return what the last collection handed on."""
        pairs = [pair for group in self.groups for pair in group]
        answers = dict(pairs)
        assert len(answers) == len(pairs), "an index was handed on twice"
        return answers

    @property
    def scores(self) -> dict[int, float]:
        values = {index: answer.value for index, answer in self.answers.items()}
        return {index: value.score for index, value in values.items() if isinstance(value, Score)}


@pytest.fixture(scope="session")
def batch_process() -> Iterator[BatchJudge]:
    process = subprocess.Popen([sys.executable, SCRIPT], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield BatchJudge(process.stdout.readline().strip())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def server(batch_process: BatchJudge, monkeypatch: pytest.MonkeyPatch) -> BatchJudge:
    """The server without files, batches and faults; the environment names its key."""
    batch_process.set(reset=True)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.delenv("RARFT_PRICES", raising=False)
    return batch_process


@pytest.fixture
def desk(server: BatchJudge, tmp_path: Path) -> Desk:
    return Desk(server.url, tmp_path / "judge")


@pytest.fixture
def cached_desk(server: BatchJudge, tmp_path: Path) -> Iterator[Desk]:
    with AnswerCache(tmp_path / "answers.sqlite") as cache:
        yield Desk(server.url, tmp_path / "judge", cache)


@pytest.fixture
def ask_score() -> Callable[[str], LLMRequest]:
    return question


@pytest.fixture
def asked() -> list[LLMRequest]:
    """Three requests whose answers are 0, 1 and 2."""
    return [question(json.dumps({"score": score})) for score in range(3)]
