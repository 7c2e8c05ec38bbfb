"""Whether other backends see and say what transformers does, on real mp4 files of HI-Synth.

Run `python bench/parity.py` where vLLM is installed (about 3 minutes on two cores). It asks the
tiny model 40 queries of synth_hi through the backends hf, vllm and bridge, whose runner is hf in a
process and, with `--bridge_python`, an interpreter of its own. Each question is asked once more
about another video. The table goes into docs/parity.md, the figures into bench/results/parity.json.
The row of the backend openai is what bench/served_parity.py has last measured with the same
versions.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import platform
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import torch

from rarft.harness.cache_directory import cache_directory
from rarft.harness.models import Card, Request, find_card, load_model
from rarft.harness.models.parity import Observed, Parity, compare, parity_table
from rarft.harness.types import Reply

ROOT: Final = Path(__file__).parents[1]
RESULTS: Final = ROOT / "bench" / "results" / "parity.json"
SERVED: Final = ROOT / "bench" / "results" / "served_parity.json"
SERVED_FORM: Final = "one video part"
PAGE: Final = ROOT / "docs" / "parity.md"
TABLE_START: Final = "<!-- table: bench/parity.py -->"
TABLE_END: Final = "<!-- end of table -->"
N_QUERIES: Final = 40
N_LOGPROBS: Final = 20
VLLM_ARGS: Final = {
    "enforce_eager": True,
    "max_model_len": 4096,
    "kv_cache_memory_bytes": 2**28,
}
BRIDGE_BATCH: Final = 4
# Two queries a video: the same question about the next video is two further on.
NEXT_VIDEO: Final = 2


def planned_requests(card: Card, n_queries: int) -> list[Request]:
    """Return the first requests of synth_hi, rendered and with their mp4 files."""
    from rarft.harness.prepared_run import prepare
    from rarft.harness.run_config import RunConfig

    config = RunConfig(model=card.name, tasks=("synth_hi",), limit=n_queries)
    with tempfile.TemporaryDirectory() as directory:
        return list(prepare(config, Path(directory)).plan.requests)


def about_other_videos(requests: Sequence[Request]) -> list[Request]:
    """Ask each question about the next video."""
    shifted = [*requests[NEXT_VIDEO:], *requests[:NEXT_VIDEO]]
    return [
        replace(one, key=f"other {one.key}", video=other.video)
        for one, other in zip(requests, shifted, strict=True)
    ]


def observe_hf(
    card: Card, requests: Sequence[Request], others: Sequence[Request], settings: dict[str, Any]
) -> tuple[list[Observed], list[Observed]]:
    """Ask through transformers, one prompt at a time; of other videos only for the first token."""
    from rarft.harness.models import hf

    model = hf.load(
        card,
        model_args={},
        generation=settings,
        batch_size=1,
        seed=0,
        cache=cache_directory(),
    )
    model.prepare([])
    observed = []
    for request in requests:
        (reply,) = model.generate([request])
        checked([reply])
        first = first_token_of(model, card, request)
        observed.append(replace(first, text=reply.text, n_prompt_tokens=reply.n_prompt_tokens))
    observed_others = [first_token_of(model, card, request) for request in others]
    model.close()
    return observed, observed_others


def first_token_of(model: Any, card: Card, request: Request) -> Observed:
    """Return the ids of a prompt, and what the network says after it."""
    from rarft.harness.models.hf_inputs import make_inputs
    from rarft.harness.models.torch_state import suitable_threads
    from rarft.harness.video.frames import load_frames

    processor, network = model.checkpoint.processor, model.checkpoint.network
    frames = load_frames(request.video.path, card.frames, clip=request.clip)
    inputs = make_inputs(processor, [request], [frames], order=card.order)
    with suitable_threads(network), torch.inference_mode():
        last = network(**inputs).logits[0, -1].log_softmax(-1)
    ids = inputs["input_ids"][0].tolist()
    return Observed(
        name=request.query.id,
        n_prompt_tokens=len(ids),
        text="",
        ids=ids,
        first_logprobs=dict(enumerate(last.tolist())),
        first_token=int(last.argmax()),
    )


def observe_vllm(
    card: Card, requests: Sequence[Request], others: Sequence[Request], settings: dict[str, Any]
) -> tuple[list[Observed], list[Observed], dict[str, Any]]:
    """Ask through vLLM, all prompts at once; also returns the other videos, and the engine."""
    from rarft.harness.models import vllm_engine

    model = vllm_engine.load(
        card,
        model_args=VLLM_ARGS,
        generation=settings,
        batch_size=len(requests),
        seed=0,
        cache=cache_directory(),
    )
    model.prepare([])
    asked = [*requests, *others]
    answers = model.answers(asked, n_logprobs=N_LOGPROBS)
    n_prompts, n_different = model.positions_count
    engine = {
        "engine": dict(model.engine),
        "n_prompts_positioned": n_prompts,
        "n_positions_mended": n_different,
    }
    model.close()
    checked([one.reply for one in answers])
    observed = [
        Observed(
            name=request.query.id,
            n_prompt_tokens=one.reply.n_prompt_tokens,
            text=one.reply.text or "",
            ids=one.engine_ids,
            first_logprobs=one.first_logprobs or {},
            first_token=one.token_ids[0],
        )
        for request, one in zip(asked, answers, strict=True)
    ]
    return observed[: len(requests)], observed[len(requests) :], engine


def observe_bridge(
    card: Card, requests: Sequence[Request], settings: dict[str, Any], python: str
) -> list[Observed]:
    """Ask the same card's hf backend through a runner."""
    changed = {"backend": "bridge", "runner": "runners/hf.py", "checkpoint": None, "frames": None}
    model = load_model(
        card.model_copy(update=changed | {"own_frames": "those of the runner"}),
        model_args={"card": card.name, "batch_size": BRIDGE_BATCH, "python": python},
        generation=settings,
        batch_size=BRIDGE_BATCH,
        seed=0,
        cache=cache_directory(),
    )
    model.prepare([request.query for request in requests])
    starts = range(0, len(requests), BRIDGE_BATCH)
    replies = [reply for k in starts for reply in model.generate(requests[k : k + BRIDGE_BATCH])]
    model.close()
    checked(replies)
    return [
        Observed(
            name=request.query.id,
            n_prompt_tokens=reply.n_prompt_tokens,
            text=reply.text or "",
        )
        for request, reply in zip(requests, replies, strict=True)
    ]


def checked(replies: Sequence[Reply]) -> None:
    """Raise RuntimeError where a request has failed."""
    failed = [reply.failure for reply in replies if reply.failure]
    if failed:
        raise RuntimeError(f"got {len(failed)} failures, the first: {failed[0]}")


def measure(
    n_queries: int, max_new_tokens: int, bridge_python: str
) -> tuple[list[Parity], dict[str, Any]]:
    """Compare the backends; returns the comparisons and what they were made with."""
    card, _ = find_card("tiny")
    requests = planned_requests(card, n_queries)
    settings = {**card.generation, "max_new_tokens": max_new_tokens}
    requests = [replace(one, generation=settings) for one in requests]
    brief = {**settings, "max_new_tokens": 1}
    others = [replace(one, generation=brief) for one in about_other_videos(requests)]
    vllm, vllm_others, engine = observe_vllm(card, requests, others, settings)
    hf, hf_others = observe_hf(card, requests, others, settings)
    bridge = observe_bridge(card, requests, settings, bridge_python)
    rows = [
        compare(card.name, "hf, the reference", hf, hf, other_videos=hf_others),
        compare(card.name, "vllm", hf, vllm, other_videos=vllm_others),
        compare(card.name, "bridge", hf, bridge),
    ]
    machine = {"processor": platform.machine(), "python": platform.python_version()}
    return rows, {**engine, "max_new_tokens": max_new_tokens, "machine": machine}


def served_row(model: str, engine: Mapping[str, str], path: Path) -> list[Parity]:
    """Return what bench/served_parity.py has measured, if it was with these versions."""
    if not path.is_file():
        return []
    stored = json.loads(path.read_text(encoding="utf-8"))
    same = ("torch", "transformers", "pillow", "dtype")
    if any(stored["versions"].get(name) != engine[name] for name in same):
        return []
    return [
        Parity(
            model=model,
            backend="openai",
            n_prompts=form["n_prompts"],
            n_equal_counts=form["n_equal_counts"],
            n_equal_texts=form["n_equal_texts"],
            different_texts=tuple((name, n_shared) for name, n_shared, *_ in texts),
        )
        for form in stored["forms"]
        if form["form"] == SERVED_FORM
        for texts in [form["different_texts"]]
    ]


def write_page(rows: Sequence[Parity], made_with: dict[str, Any], page: Path) -> None:
    """Put the table into the page, between its two marks."""
    engine = made_with["engine"]
    about = (
        f"vLLM {engine['vllm']}, transformers {engine['transformers']}, torch {engine['torch']}, "
        f"{engine['device']}, {engine['dtype']}, {made_with['max_new_tokens']} new tokens. vLLM's "
        f"own positions differ for {made_with['n_positions_mended']} of "
        f"{made_with['n_prompts_positioned']} prompts."
    )
    text = page.read_text(encoding="utf-8")
    before, rest = text.split(TABLE_START)
    _, after = rest.split(TABLE_END)
    table = f"{TABLE_START}\n{about}\n\n{parity_table(rows)}{TABLE_END}"
    page.write_text(before + table + after, encoding="utf-8")


def main() -> int:
    """Measure, store and print; return 1 where the backends differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n_queries", type=int, default=N_QUERIES)
    parser.add_argument("--max_new_tokens", type=int, default=96)
    parser.add_argument("--bridge_python", default=sys.executable)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--page", type=Path, default=PAGE)
    flags = parser.parse_args()
    if importlib.util.find_spec("vllm") is None:
        print("parity is not measured: vLLM is not installed")
        return 0
    rows, made_with = measure(flags.n_queries, flags.max_new_tokens, flags.bridge_python)
    results = {"schema_version": 2, **made_with, "rows": [asdict(row) for row in rows]}
    flags.results.parent.mkdir(parents=True, exist_ok=True)
    flags.results.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    shown = [*rows, *served_row(rows[0].model, made_with["engine"], SERVED)]
    write_page(shown, made_with, flags.page)
    print(parity_table(shown))
    return 0 if all(row.is_equal for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
