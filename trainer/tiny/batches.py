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
    """One video and one reply. `pixels` has Shape: (frames, height, width, 3).

    `prompt` holds one `<|video_pad|>`. An empty `reply` is what the model is to write.
    """

    pixels: NDArray[np.uint8]
    seconds_per_pair: float
    prompt: str
    reply: str = ""


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
        rows, kinds = [], []
        grids = [self._grid(sample) for sample in samples]
        for sample, grid in zip(samples, grids, strict=True):
            n_video = int(np.prod(grid)) // self._merge**2
            prompt = self._prompt(sample.prompt, n_video)
            reply = [] if for_generation else [*self._ids(sample.reply), self.end_id]
            rows.append((prompt, reply))
            kinds.append([VIDEO_KIND * (token == self._video_id) for token in prompt])
        longest = max(len(prompt) + len(reply) for prompt, reply in rows)
        shape = (len(rows), longest)
        ids = torch.full(shape, self.pad_id)
        labels = torch.full(shape, IGNORED)
        mask, types = torch.zeros(shape, dtype=torch.long), torch.zeros(shape, dtype=torch.long)
        for i, ((prompt, reply), kind) in enumerate(zip(rows, kinds, strict=True)):
            length = len(prompt) + len(reply)
            first = longest - length if for_generation else 0
            ids[i, first : first + length] = torch.tensor(prompt + reply)
            labels[i, first + len(prompt) : first + length] = torch.tensor(reply, dtype=torch.long)
            mask[i, first : first + length] = 1
            types[i, first : first + len(prompt)] = torch.tensor(kind)
        inputs = {
            "input_ids": ids,
            "attention_mask": mask,
            "mm_token_type_ids": types,
            "pixel_values_videos": torch.cat([self.patches(s.pixels) for s in samples]),
            "video_grid_thw": torch.tensor(grids),
            "second_per_grid_ts": torch.tensor([s.seconds_per_pair for s in samples]),
        }
        return inputs if for_generation else {**inputs, "labels": labels}

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

    def _grid(self, sample: Sample) -> list[int]:
        n_frames, height, width, _ = sample.pixels.shape
        return [n_frames // 2, height // self._patch, width // self._patch]

    def _prompt(self, text: str, n_video: int) -> list[int]:
        ids = self._ids(text)
        at = ids.index(self._video_id)
        return [*ids[:at], *[self._video_id] * n_video, *ids[at + 1 :]]

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids
