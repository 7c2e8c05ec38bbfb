"""Whether a model behind a vLLM server is shown what transformers makes of the same messages.

Run `python bench/served_parity.py` where vLLM is installed (about 2 minutes on two cores). A server
on loopback serves the tiny model, and backend `openai` asks it 40 queries of synth_hi in lossless
PNG: with all frames as one video part, beside backend `hf`; and with every frame as an image after
its time, beside the checkpoint's processor and network on those very messages. Prompts are compared
by their number of tokens, since a server tells no more, and greedy replies by their text. The table
goes into docs/parity.md where the page has the marks for it, the figures into
bench/results/served_parity.json.
"""

from __future__ import annotations

import argparse
import base64
import importlib.metadata
import importlib.util
import io
import json
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from parity import planned_requests
from vllm_server import until_healthy, vllm_server

from rarft.harness.cache_directory import cache_directory
from rarft.harness.models import Card, Model, Request, find_card, load_model
from rarft.harness.models.hf import HfModel
from rarft.harness.models.openai_body import chat_messages_with_parts
from rarft.harness.models.openai_settings import read_settings
from rarft.harness.models.openai_video import VideoParts
from rarft.harness.report.marked_page import with_part

ROOT: Final = Path(__file__).parents[1]
RESULTS: Final = ROOT / "bench" / "results" / "served_parity.json"
PAGE: Final = ROOT / "docs" / "parity.md"
TABLE_START: Final = "<!-- table: bench/served_parity.py -->"
TABLE_END: Final = "<!-- end of served table -->"
N_QUERIES: Final = 40
MODEL: Final = "tiny-vl"
FORMS: Final = {
    "joined": "one video part",
    "frames": "images after their times",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is known of one prompt and its reply on either side of a server."""

    name: str
    n_prompt_tokens: int | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedParity:
    """How far a server and transformers agree on the same messages.

    `different_counts` holds the name of each prompt with its tokens here and there,
    `different_texts` the name, how many letters the replies share, and what follows on either side.
    """

    form: str
    n_prompts: int
    n_equal_counts: int
    n_equal_texts: int
    n_distinct_texts: int
    different_counts: tuple[tuple[str, int | None, int | None], ...]
    different_texts: tuple[tuple[str, int, str, str], ...]


def compare_served(form: str, here: Sequence[Told], there: Sequence[Told]) -> ServedParity:
    """Compare prompt by prompt; both sides are in one order."""
    pairs = list(zip(here, there, strict=True))
    counts = [
        (a.name, a.n_prompt_tokens, b.n_prompt_tokens)
        for a, b in pairs
        if a.n_prompt_tokens != b.n_prompt_tokens
    ]
    texts = []
    for a, b in pairs:
        if a.text != b.text:
            n_shared = n_shared_letters(a.text, b.text)
            texts.append((a.name, n_shared, a.text[n_shared:], b.text[n_shared:]))
    return ServedParity(
        form=form,
        n_prompts=len(pairs),
        n_equal_counts=len(pairs) - len(counts),
        n_equal_texts=len(pairs) - len(texts),
        n_distinct_texts=len({one.text for one in here}),
        different_counts=tuple(counts),
        different_texts=tuple(texts),
    )


def n_shared_letters(one: str, other: str) -> int:
    """Return how many letters two texts begin with in common."""
    for at, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return at
    return min(len(one), len(other))


def told_by(model: Model, requests: Sequence[Request]) -> list[Told]:
    """Ask a backend; raises RuntimeError where it fails."""
    model.prepare([request.query for request in requests])
    replies = model.generate(requests)
    failures = [reply.failure for reply in replies if reply.failure]
    if failures:
        raise RuntimeError(f"got {len(failures)} failures, the first: {failures[0]}")
    return [
        Told(name=request.query.id, n_prompt_tokens=reply.n_prompt_tokens, text=plain(reply.text))
        for request, reply in zip(requests, replies, strict=True)
    ]


def told_of_messages(model: HfModel, card: Card, requests: Sequence[Request]) -> list[Told]:
    """Give the messages of the openai backend to the processor and the network themselves."""
    import torch

    from rarft.harness.models.hf_generation import generation_config

    assert card.frames is not None
    settings = read_settings(card, {"model": MODEL, "base_url": "http://-", "image_format": "png"})
    videos = VideoParts(card.frames, settings, label=card.frame_label, cache=None)
    processor, network = model.checkpoint.processor, model.checkpoint.network
    told = []
    for request in requests:
        messages = chat_messages_with_parts(
            request.prompt,
            videos.start(request).result().parts,
            system=request.system,
            order=card.order,
        )
        inputs = processor.apply_chat_template(
            [with_images(message) for message in messages],
            tokenize=True,
            add_generation_prompt=True,
            return_dict=True,
            return_tensors="pt",
        )
        n_prompt = inputs["input_ids"].shape[1]
        greedy = generation_config(request.generation, own=model.checkpoint.own_generation)
        with torch.inference_mode():
            ids = network.generate(**inputs, generation_config=greedy)[0, n_prompt:]
        text = plain(processor.tokenizer.decode(ids))
        told.append(Told(name=request.query.id, n_prompt_tokens=n_prompt, text=text))
    videos.close()
    return told


def with_images(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message whose images are images, not addresses."""
    from PIL import Image

    if isinstance(message["content"], str):
        return message
    parts = []
    for part in message["content"]:
        if part["type"] == "image_url":
            content = base64.b64decode(part["image_url"]["url"].partition(";base64,")[2])
            parts.append({"type": "image", "image": Image.open(io.BytesIO(content))})
        else:
            parts.append(part)
    return {**message, "content": parts}


def plain(text: str | None) -> str:
    """Return a text without the token that ends it, which a server leaves out."""
    return (text or "").removesuffix("<|im_end|>").removesuffix("<|endoftext|>")


def measure_served(
    n_queries: int, max_new_tokens: int
) -> tuple[list[ServedParity], dict[str, str]]:
    """Compare every form; returns the comparisons and the versions they were made with."""
    card, _ = find_card("tiny")
    settings = {**card.generation, "max_new_tokens": max_new_tokens}
    requests = [replace(one, generation=settings) for one in planned_requests(card, n_queries)]
    made_with: dict[str, Any] = {"generation": settings, "batch_size": 1, "seed": 0}
    made_with["cache"] = cache_directory()
    here = load_model(card, model_args={}, **made_with)
    assert isinstance(here, HfModel)
    here.prepare([])
    flags = ("--max-model-len", "4096", "--trust-request-mm-kwargs")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        here.checkpoint.network.save_pretrained(folder)
        here.checkpoint.processor.save_pretrained(folder)
        here.checkpoint.own_generation.save_pretrained(folder)
        with vllm_server(Path(folder), MODEL, *flags) as server:
            expected = {
                "joined": told_by(here, requests),
                "frames": told_of_messages(here, card, requests),
            }
            until_healthy(server)
            address = {"model": MODEL, "base_url": f"{server.url}/v1", "image_format": "png"}
            served_card = card.model_copy(update={"backend": "openai"})
            for form, title in FORMS.items():
                there = load_model(served_card, model_args={**address, "video": form}, **made_with)
                rows.append(compare_served(title, expected[form], told_by(there, requests)))
                there.close()
    engine = dict(here.engine)
    here.close()
    versions = {name: engine[name] for name in ("torch", "transformers", "pillow", "dtype")}
    return rows, {"vllm": importlib.metadata.version(_vllm_package()), **versions}


def _vllm_package() -> str:
    return importlib.metadata.packages_distributions()["vllm"][0]


def served_table(rows: Sequence[ServedParity], versions: dict[str, str]) -> str:
    """Return the comparison as Markdown: how it was made, a table, and what differs."""
    about = ", ".join(f"{name} {version}" for name, version in versions.items())
    lines = [
        f"{about}; frames as PNG. vLLM leaves out a letter that the token limit cuts in two, which "
        "transformers shows as U+FFFD.",
        "",
        "| video sent as | queries | equal prompt-token counts | equal greedy text | "
        "different texts among these |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        counts = f"{row.n_equal_counts} of {row.n_prompts}"
        texts = f"{row.n_equal_texts} of {row.n_prompts}"
        lines.append(
            f"| {row.form} | {row.n_prompts} | {counts} | {texts} | {row.n_distinct_texts} |"
        )
    different = [
        *(
            f"- {row.form}, query {name}: {here} prompt tokens by the processor, {there} served"
            for row in rows
            for name, here, there in row.different_counts
        ),
        *(
            f"- {row.form}, query {name}: {n_shared} letters are equal, then "
            f"{json.dumps(here)} by transformers and {json.dumps(there)} served"
            for row in rows
            for name, n_shared, here, there in row.different_texts
        ),
    ]
    return "\n".join([*lines, *([""] if different else []), *different]) + "\n"


def write_between_marks(table: str, page: Path) -> None:
    """Put the table into the page where it has the marks for it."""
    text = page.read_text(encoding="utf-8")
    written = with_part(text, f"\n{table}", begin=TABLE_START, end=TABLE_END)
    page.write_text(written, encoding="utf-8")


def main() -> int:
    """Measure, store and print; return 1 where a prompt has another number of tokens."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n_queries", type=int, default=N_QUERIES)
    parser.add_argument("--max_new_tokens", type=int, default=96)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--page", type=Path, default=PAGE)
    flags = parser.parse_args()
    # A run that is told to end must end its server too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if importlib.util.find_spec("vllm") is None:
        print("served parity is not measured: vLLM is not installed")
        return 0
    rows, versions = measure_served(flags.n_queries, flags.max_new_tokens)
    results = {"schema_version": 1, "versions": versions, "forms": [asdict(row) for row in rows]}
    flags.results.parent.mkdir(parents=True, exist_ok=True)
    flags.results.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    table = served_table(rows, versions)
    write_between_marks(table, flags.page)
    print(table)
    return 0 if all(row.n_equal_counts == row.n_prompts for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
