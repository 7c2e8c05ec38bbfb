"""What is learned at each step: looks, actions, captions with times, and then queries.

A split of HI-Synth shows few actions of each colour and shape. A model that sees all three at once
guesses one from the others, and is wrong on the other splits with confidence. So looks are learned
from still frames, which show no action, and actions from grey ones, which show no colour.

Every sample is a function of seed, step and place in the batch, so a run can go on anywhere.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from rarft.harness.types import Span
from rarft.tasks.synth_hi.motion import is_hidden
from rarft.tasks.synth_hi.predicate import Predicate
from rarft.tasks.synth_hi.semantics import holds
from rarft.tasks.synth_hi.sentences import draw_style, render_text
from rarft.tasks.synth_hi.world import FPS
from rarft.trainer.tiny.answers import explain_absence, grounding_reply, refusing_reply, thought
from rarft.trainer.tiny.batches import Sample
from rarft.trainer.tiny.captions import (
    caption_event,
    caption_video,
    describe,
    describe_still,
)
from rarft.trainer.tiny.claims import draw_claim
from rarft.trainer.tiny.frames_pool import Scene
from rarft.trainer.tiny.grey import without_colour

Lesson = Literal["looks", "clips", "captions", "queries"]
CLIP_PROMPT: Final = "<|vision_start|><|video_pad|><|vision_end|>"
GREY_CHANCE: Final = 0.5
"""How often a captioned video is without colour, in its frames and its caption."""
RECORD_CHANCE: Final = 0.5
"""How often a query is a record's own; otherwise it is about any event of the video."""


def chat_prompt(text: str) -> str:
    """Return what the chat template makes of a video and a text."""
    return f"<|im_start|>user\n{CLIP_PROMPT}{text}<|im_end|>\n<|im_start|>assistant\n"


@dataclass(frozen=True, slots=True)
class Classroom:
    """The videos to learn from, and the seed of what is drawn from them."""

    scenes: Sequence[Scene]
    pool: NDArray[np.uint8]
    seed: int

    def samples(self, lesson: Lesson, *, step: int, places: Iterable[int]) -> list[Sample]:
        """Return the samples of one step at some places of its batch."""
        teach = {
            "looks": self._still,
            "clips": self._clip,
            "captions": self._caption,
            "queries": self._query,
        }
        rngs = (random.Random(f"{self.seed} {lesson} {step} {place}") for place in places)
        return [teach[lesson](rng, rng.choice(self.scenes)) for rng in rngs]

    def _still(self, rng: random.Random, scene: Scene) -> Sample:
        """Return one frame of one event, twice, and how the event looks."""
        event = rng.choice(scene.world.events)
        times_s = [index / FPS for index in scene.frame_indices]
        seen = [
            place
            for place, time_s in enumerate(times_s)
            if event.appear_s <= time_s < event.vanish_s and not is_hidden(event, time_s)
        ]
        place = rng.choice(seen)
        look = describe_still(scene.world, event, times_s[place])
        return Sample(
            pixels=np.repeat(self.pool[scene.index, place][None], 2, axis=0),
            seconds_per_pair=scene.seconds_per_pair,
            prompt=CLIP_PROMPT,
            reply=caption_event(look, names_actions=False),
        )

    def _clip(self, rng: random.Random, scene: Scene) -> Sample:
        """Return the frame pairs of one event in grey, and what happens."""
        event = rng.choice(scene.world.events)
        start_s, end_s = event.phases[0].start_s, event.phases[-1].end_s
        inside = [
            place // 2
            for place, index in enumerate(scene.frame_indices)
            if start_s <= index / FPS < end_s
        ]
        pixels = self.pool[scene.index, 2 * inside[0] : 2 * inside[-1] + 2]
        return Sample(
            pixels=without_colour(pixels, rng),
            seconds_per_pair=scene.seconds_per_pair,
            prompt=CLIP_PROMPT,
            reply=caption_event(describe(scene.world, event), names_colour=False),
        )

    def _caption(self, rng: random.Random, scene: Scene) -> Sample:
        is_grey = rng.random() < GREY_CHANCE
        reply = thought(caption_video(scene.world, names_colours=not is_grey))
        sample = self._whole(scene, "Describe the video.", reply)
        return replace(sample, pixels=without_colour(sample.pixels, rng)) if is_grey else sample

    def _query(self, rng: random.Random, scene: Scene) -> Sample:
        style = draw_style(rng)
        caption = caption_video(scene.world)
        if rng.random() < 0.5:
            claim, span = self._relevant(rng, scene)
            reply = grounding_reply(caption, span)
        else:
            claim = self._shuffled(rng, scene)
            refusal, correction = explain_absence(rng, scene.world, claim, style)
            reply = refusing_reply(caption, refusal=refusal, correction=correction)
        return self._whole(scene, f"Query: {render_text(claim, style)}", reply)

    def _relevant(self, rng: random.Random, scene: Scene) -> tuple[Predicate, Span]:
        drawn = None if rng.random() < RECORD_CHANCE else draw_claim(rng, scene.world)
        return drawn or (scene.relevant, holds(scene.world, scene.relevant)[0])

    def _shuffled(self, rng: random.Random, scene: Scene) -> Predicate:
        """Return a query of another video that this one does not show."""
        while True:
            claim, _ = self._relevant(rng, rng.choice(self.scenes))
            if not holds(scene.world, claim):
                return claim

    def _whole(self, scene: Scene, text: str, reply: str) -> Sample:
        return Sample(
            pixels=self.pool[scene.index, : len(scene.frame_indices)],
            seconds_per_pair=scene.seconds_per_pair,
            prompt=chat_prompt(text),
            reply=reply,
        )
