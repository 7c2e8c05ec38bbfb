"""Memory that runs out: batches are halved, nothing is lost, and the rows say so."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rarft.harness.errors import UserError
from rarft.harness.models import find_card, load_model, prompt_text
from rarft.harness.models.base import Request, VideoFile
from rarft.harness.models.fitting_batches import FittingBatches, TooLargeError
from rarft.harness.reply_rows import row_from_reply
from rarft.harness.types import Query, Reply
from rarft.harness.video.content import content_hash


class Memory:
    """Answers a batch whose sizes sum up to no more than it holds."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.tried: list[int] = []

    def answer(self, batch: Sequence[int]) -> list[Reply]:
        self.tried.append(len(batch))
        if sum(batch) > self.room:
            raise TooLargeError("got too much", for_memory=True)
        return [Reply(text=str(size)) for size in batch]


def test_a_batch_that_does_not_fit_is_halved_and_the_next_begins_with_what_did() -> None:
    memory, batches = Memory(room=2), FittingBatches()
    replies = batches.answer([1] * 8, memory.answer)
    assert memory.tried == [8, 4, 2, 2, 4, 2, 2]
    assert [one.n_at_once for one in replies] == [2] * 8
    memory.tried.clear()
    assert [one.n_at_once for one in batches.answer([1] * 5, memory.answer)] == [2, 2, 2, 2, 1]
    assert memory.tried == [2, 2, 1]


def test_one_large_request_makes_the_others_no_smaller_than_half() -> None:
    memory, batches = Memory(room=4), FittingBatches()
    replies = batches.answer([9, 1, 1, 1, 1, 1, 1, 1], memory.answer)
    assert replies[0].failure == "got too much"
    assert [one.n_at_once for one in replies[1:]] == [1, 2, 2, 4, 4, 4, 4]
    memory.tried.clear()
    batches.answer([1] * 8, memory.answer)
    assert memory.tried == [4, 4]


def test_a_batch_that_fits_says_nothing_of_its_size() -> None:
    replies = FittingBatches().answer([1, 1], Memory(room=4).answer)
    assert row_from_reply(replies[0]) == {"status": "ok", "text": "1"}


def test_what_is_too_long_alone_leaves_the_size_of_the_next_batch() -> None:
    tried = []

    def answer(batch: Sequence[int]) -> list[Reply]:
        tried.append(len(batch))
        if 9 in batch:
            raise TooLargeError("got a long one", for_memory=False)
        return [Reply(text="") for _ in batch]

    batches = FittingBatches()
    replies = batches.answer([1, 9, 1, 1], answer)
    assert [one.failure for one in replies] == [None, "got a long one", None, None]
    assert {one.n_at_once for one in replies} == {None}
    batches.answer([1] * 4, answer)
    assert tried[-1] == 4


@given(st.lists(st.integers(1, 9), max_size=20), st.integers(1, 30))
def test_every_request_has_its_own_reply_whatever_fits(sizes: list[int], room: int) -> None:
    replies = FittingBatches().answer(sizes, Memory(room).answer)
    expected = [str(size) if size <= room else None for size in sizes]
    assert [one.text for one in replies] == expected


def test_the_tiny_model_goes_on_where_memory_runs_out(make_clip, tmp_path: Path) -> None:
    card, path = find_card("tiny")
    clip = make_clip("a.mp4", n_frames=40, fps=10)
    texts = ["a red circle", "a star blinks", "two balls", "the sky"]
    prompt = prompt_text(card, path, mode="refusal")
    video = VideoFile(path=clip, sha256=content_hash(clip))
    requests = [
        Request(
            key=text,
            query=Query(id=text, task="t", video="a.mp4", text=text, relevant=True, record="1"),
            prompt=prompt.replace("{query}", text),
            video=video,
            generation={"max_new_tokens": 6},
        )
        for text in texts
    ]

    def answers(most: int) -> list[Reply]:
        model = load_model(
            card,
            model_args={"device": "cpu"},
            generation={"max_new_tokens": 6},
            batch_size=4,
            seed=0,
            cache=tmp_path / "cache",
        )
        network = model.checkpoint.network  # type: ignore[attr-defined]
        network.model.visual.register_forward_pre_hook(limited_to(most))
        replies = model.generate(requests)
        model.close()
        return replies

    free, short, none = answers(most=4), answers(most=2), answers(most=0)
    assert [one.text for one in short] == [one.text for one in free]
    assert [one.n_at_once for one in free] == [None] * 4
    assert [one.n_at_once for one in short] == [2] * 4
    assert [row_from_reply(one)["n_at_once"] for one in short] == [2] * 4
    for reply in none:
        assert reply.failure is not None
        assert "does not fit into the memory of cpu" in reply.failure
        assert "\n" not in reply.failure


def limited_to(most: int):
    """A hook that runs out of memory, as CUDA says it, with more videos than that at once."""

    def check(module: torch.nn.Module, given: tuple) -> None:
        # Every clip here has 8 frames of 4 x 4 patches in pairs.
        if len(given[0]) > most * 4 * 16:
            raise torch.OutOfMemoryError("CUDA out of memory.\nTried to allocate 2.00 GiB.")

    return check


@pytest.mark.parametrize("value", ["yes", 1])
def test_trust_remote_code_is_true_or_false(value: object, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"got trust_remote_code=\w+, expected true or false"):
        load_model(
            find_card("tiny")[0],
            model_args={"trust_remote_code": value},
            generation={},
            batch_size=1,
            seed=0,
            cache=tmp_path,
        )
