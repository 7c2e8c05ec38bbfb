"""Tensors of a batch, the same as the processor makes, from frames that are already decoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

IGNORED: Final = -100
VIDEO_KIND: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One reply, about a video where there are pixels. Shape of those: (frames, height, width, 3).

    The prompt of a video holds one `<|video_pad|>`. Of the parts of a reply the even ones are
    learned and the odd ones given. No parts: the model is to write them. A reply that does not end
    is the beginning of one.
    """

    prompt: str
    reply: tuple[str, ...] = ()
    pixels: NDArray[np.uint8] | None = None
    seconds_per_pair: float = 0.0
    ends: bool = True


@dataclass(frozen=True, slots=True)
class _Row:
    prompt: list[int]
    reply: list[int]
    labels: list[int]

    @property
    def length(self) -> int:
        return len(self.prompt) + len(self.reply)


class Batcher:
    """Makes batches with one processor, remembering the tokens of what is said often."""

    def __init__(self, processor: Any) -> None:
        self._tokenizer = processor.tokenizer
        video = processor.video_processor
        self._patch, self._merge = video.patch_size, video.merge_size
        self.pad_id: int = processor.tokenizer.pad_token_id
        self.end_id: int = processor.tokenizer.eos_token_id
        self._video_id: int = processor.tokenizer.convert_tokens_to_ids("<|video_pad|>")
        mean, std = (torch.tensor(v).view(3, 1, 1) for v in (video.image_mean, video.image_std))
        self._mean, self._std = mean * 255, std * 255

    def batch(self, samples: Sequence[Sample], *, for_generation: bool = False) -> dict[str, Any]:
        """Return the model's inputs, with labels and padded on the right, or on the left."""
        rows = [self._row(sample, for_generation=for_generation) for sample in samples]
        longest = max(row.length for row in rows)
        shape = (len(rows), longest)
        ids = torch.full(shape, self.pad_id)
        labels = torch.full(shape, IGNORED)
        mask = torch.zeros(shape, dtype=torch.long)
        for i, row in enumerate(rows):
            first = longest - row.length if for_generation else 0
            ids[i, first : first + row.length] = torch.tensor(row.prompt + row.reply)
            learned = slice(first + len(row.prompt), first + row.length)
            labels[i, learned] = torch.tensor(row.labels, dtype=torch.long)
            mask[i, first : first + row.length] = 1
        inputs = {
            "input_ids": ids,
            "attention_mask": mask,
            "mm_token_type_ids": VIDEO_KIND * (ids == self._video_id).long(),
            **self._videos(samples),
        }
        return inputs if for_generation else {**inputs, "labels": labels}

    def _row(self, sample: Sample, *, for_generation: bool) -> _Row:
        reply: list[int] = []
        labels: list[int] = []
        for number, part in enumerate(() if for_generation else sample.reply):
            ids = self._ids(part)
            reply += ids
            labels += ids if number % 2 == 0 else [IGNORED] * len(ids)
        if sample.ends and not for_generation:
            reply, labels = [*reply, self.end_id], [*labels, self.end_id]
        return _Row(prompt=self._prompt(sample), reply=reply, labels=labels)

    def _videos(self, samples: Sequence[Sample]) -> dict[str, Any]:
        shown = [(s.pixels, s.seconds_per_pair) for s in samples if s.pixels is not None]
        if not shown:
            return {}
        return {
            "pixel_values_videos": torch.cat([self.patches(pixels) for pixels, _ in shown]),
            "video_grid_thw": torch.tensor([self._grid(pixels) for pixels, _ in shown]),
            "second_per_grid_ts": torch.tensor([seconds for _, seconds in shown]),
        }

    def patches(self, pixels: NDArray[np.uint8]) -> torch.Tensor:
        """Return normalised patches in the order of the vision tower. Shape: (patches, values)."""
        frames = torch.from_numpy(np.array(pixels)).permute(0, 3, 1, 2).float()
        frames = (frames - self._mean) / self._std
        n_frames, _, height, width = frames.shape
        merge, patch = self._merge, self._patch
        rows, columns = height // patch // merge, width // patch // merge
        grid = frames.view(n_frames // 2, 2, 3, rows, merge, patch, columns, merge, patch)
        return grid.permute(0, 3, 6, 4, 7, 2, 1, 5, 8).reshape(-1, 3 * 2 * patch * patch)

    def decode(self, token_ids: torch.Tensor) -> list[str]:
        """Return the texts of replies up to their end token."""
        texts = self._tokenizer.batch_decode(token_ids, skip_special_tokens=False)
        return [text.split("<|im_end|>")[0].split("<|endoftext|>")[0] for text in texts]

    def _grid(self, pixels: NDArray[np.uint8]) -> list[int]:
        n_frames, height, width, _ = pixels.shape
        return [n_frames // 2, height // self._patch, width // self._patch]

    def _prompt(self, sample: Sample) -> list[int]:
        ids = self._ids(sample.prompt)
        if sample.pixels is None:
            return ids
        n_video = int(np.prod(self._grid(sample.pixels))) // self._merge**2
        at = ids.index(self._video_id)
        return [*ids[:at], *[self._video_id] * n_video, *ids[at + 1 :]]

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids
