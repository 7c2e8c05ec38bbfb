"""One loopback judge for all tests of the client, and a round of requests to it."""

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from rarft.harness.llm import (
    AnswerCache,
    LLMAnswer,
    LLMRequest,
    LLMSettings,
    Message,
    Spending,
    answer_all,
)

SERVERS = Path(__file__).resolve().parents[2] / "servers"
KEY = "test-key-of-the-loopback-judge"
DEFAULTS: dict[str, Any] = {
    "faults": "",
    "faulty_calls": 10**9,
    "latency_ms": 0,
    "retry_after_s": 0.1,
    "expired_after": None,
    "quota_after": None,
    "no_json_schema": False,
    "no_json_object": False,
    "ignore_format": False,
    "bad_request": "",
    "header": [],
}


class Verdict(BaseModel):
    """What the tests ask for: a set of categories and a score."""

    categories: list[Literal["Object/ObjectExistence", "Attribute/Counting"]]
    score: float = Field(ge=0, le=5)


@dataclass
class Judge:
    """The running server."""

    url: str
    ask: Callable[..., Any]

    def set(self, **settings: Any) -> None:
        self.ask(f"{self.url}/counts", send=DEFAULTS | settings)

    def counts(self) -> Any:
        return self.ask(f"{self.url}/counts")

    def digests(self) -> Any:
        return self.ask(f"{self.url}/digests")


@dataclass
class Round:
    """What one call of answer_all handed on, in groups."""

    spending: Spending | None = None
    groups: list[list[tuple[int, LLMAnswer]]] = field(default_factory=list)

    @property
    def answers(self) -> dict[int, LLMAnswer]:
        pairs = [pair for group in self.groups for pair in group]
        answers = dict(pairs)
        assert len(answers) == len(pairs), "an index was handed on twice"
        return answers


def load_running_server() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "running_judge_server", SERVERS / "running_server.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def judge_process() -> Iterator[Judge]:
    module = load_running_server()
    with module.running_server("--seed", "1") as url:
        yield Judge(url, module.ask_server)


@pytest.fixture
def judge(judge_process: Judge, monkeypatch: pytest.MonkeyPatch) -> Judge:
    """The server without faults and with its counts at 0; the environment names its key."""
    judge_process.set()
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.delenv("RARFT_PRICES", raising=False)
    return judge_process


@pytest.fixture
def judge_server_of_its_own() -> Iterator[tuple[str, Callable[[], None]]]:
    """The address of a slow server for one test, and a function that ends it."""
    server = load_running_server().running_server("--latency_ms", "20")
    url = server.__enter__()
    is_over: list[bool] = []

    def end() -> None:
        if not is_over:
            is_over.append(True)
            server.__exit__(None, None, None)

    yield url, end
    end()


@pytest.fixture
def questions() -> Callable[[int], list[LLMRequest]]:
    """A function that makes so many different requests."""

    def make(n_requests: int) -> list[LLMRequest]:
        system = Message("system", "Judge the response.")
        return [
            LLMRequest(
                name="verdict",
                version="1",
                messages=(system, Message("user", f"response {number}")),
                schema=Verdict,
            )
            for number in range(n_requests)
        ]

    return make


@pytest.fixture
def ask(judge: Judge, tmp_path: Path) -> Iterator[Callable[..., Round]]:
    """A function that asks requests of the server, with a cache of the test's own."""
    with AnswerCache(tmp_path / "answers.sqlite") as cache:

        def run(
            requests: Sequence[LLMRequest],
            *,
            round_: Round | None = None,
            is_cached: bool = True,
            **settings: Any,
        ) -> Round:
            done = Round() if round_ is None else round_
            wanted = {"model": "gpt-4o-mini", "base_url": f"{judge.url}/v1", "timeout_s": 5.0}
            done.spending = answer_all(
                requests,
                LLMSettings(**(wanted | settings)),
                cache=cache if is_cached else None,
                on_answers=lambda group: done.groups.append(list(group)),
            )
            return done

        yield run
