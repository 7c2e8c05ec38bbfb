"""What is learned at each step: looks, actions, captions with times, and then queries.

A split of HI-Synth shows few actions of each colour and shape. A model that sees all three at once
guesses one from the others, and is wrong on the other splits with confidence. So shapes and actions
are learned from frames in other colours, which are not named.

Every sample is a function of seed, step and place in the batch, so a run can go on anywhere.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from rarft.tasks.synth_hi.dataset import Example, make_record
from rarft.tasks.synth_hi.predicate import Predicate
from rarft.tasks.synth_hi.sentences import draw_style, render_text
from rarft.tasks.synth_hi.vocabulary import Split
from rarft.trainer.tiny.answers import explain_absence, grounding_reply, refusing_reply
from rarft.trainer.tiny.asking import Shown, ask, ask_relevant, imprecise
from rarft.trainer.tiny.batches import Sample
from rarft.trainer.tiny.captions import (
    caption_event,
    caption_video,
    describe,
    describe_still,
    mirrored,
)
from rarft.trainer.tiny.frames_pool import Scene
from rarft.trainer.tiny.recolour import recolour
from rarft.trainer.tiny.thoughts import think
from rarft.trainer.tiny.views import draw_moment, event_frames, still, window

Lesson = Literal["closeups", "looks", "clips", "captions", "queries", "words", "comparisons"]
Frames = tuple[NDArray[np.uint8], float]
"""Pixels, and the seconds that two frames stand for."""
VIDEO: Final = "<|vision_start|><|video_pad|><|vision_end|>"
DESCRIBE: Final = "Describe the video."
DESCRIBE_COLOURLESS: Final = "Describe the video without colours."
RECOLOUR_CHANCE: Final[dict[Lesson, float]] = {
    "closeups": 0.75,
    "looks": 0.75,
    "clips": 1.0,
    "captions": 0.5,
}
N_WORLDS: Final = 1_000_000
"""How many worlds the lessons without videos draw from: nothing is rendered for them."""
MAX_WRONG: Final = 2


def chat_prompt(text: str, *, video: str = VIDEO) -> str:
    """Return what the chat template makes of a video and a text."""
    return f"<|im_start|>user\n{video}{text}<|im_end|>\n<|im_start|>assistant\n"


@dataclass(frozen=True, slots=True)
class View:
    """How frames are shown."""

    in_colour: bool = True
    is_mirrored: bool = False


@dataclass(frozen=True, slots=True)
class Classroom:
    """The videos to learn from, and the seed of what is drawn from them."""

    scenes: Sequence[Scene]
    pool: NDArray[np.uint8]
    seed: int
    split: Split
    mirror_chance: float = 0.0
    """Of samples in other colours: a mirror would show colours with actions of other splits."""

    def samples(self, lesson: Lesson, *, step: int, places: Iterable[int]) -> list[Sample]:
        """Return the samples of one step at some places of its batch."""
        teach = {
            "closeups": self._closeup,
            "looks": self._look,
            "clips": self._clip,
            "captions": self._caption,
            "queries": self._query,
            "words": self._words,
            "comparisons": self._comparison,
        }
        rngs = (random.Random(f"{self.seed} {lesson} {step} {place}") for place in places)
        return [teach[lesson](rng, rng.choice(self.scenes)) for rng in rngs]

    def _closeup(self, rng: random.Random, scene: Scene) -> Sample:
        """Return the surroundings of one object at one moment, and how it looks."""
        event = rng.choice(scene.world.events)
        place, time_s = draw_moment(rng, scene, event)
        spec = Predicate(
            colour=event.colour, shape=event.shape, actions=(), part=event.part, size=event.size
        )
        pixels = still(window(rng, self.pool[scene.index, place], event, time_s))
        return self._event(rng, "closeups", scene, pixels, spec)

    def _look(self, rng: random.Random, scene: Scene) -> Sample:
        """Return one moment of one event, and how the event looks."""
        event = rng.choice(scene.world.events)
        place, time_s = draw_moment(rng, scene, event)
        spec = describe_still(scene.world, event, time_s)
        return self._event(rng, "looks", scene, still(self.pool[scene.index, place]), spec)

    def _clip(self, rng: random.Random, scene: Scene) -> Sample:
        """Return the frame pairs of one event, and what happens."""
        event = rng.choice(scene.world.events)
        pixels = self.pool[scene.index, event_frames(scene, event)]
        return self._event(rng, "clips", scene, pixels, describe(scene.world, event))

    def _event(
        self,
        rng: random.Random,
        lesson: Lesson,
        scene: Scene,
        pixels: NDArray[np.uint8],
        spec: Predicate,
    ) -> Sample:
        frames = (pixels, scene.seconds_per_pair)

        def say(view: View) -> str:
            seen = mirrored(spec) if view.is_mirrored else spec
            return caption_event(seen, names_colour=view.in_colour)

        return self._described(rng, lesson, frames, say)

    def _caption(self, rng: random.Random, scene: Scene) -> Sample:
        def say(view: View) -> str:
            return caption_video(
                scene.world, names_colours=view.in_colour, is_mirrored=view.is_mirrored
            )

        return self._described(rng, "captions", self._frames(scene), say)

    def _described(
        self, rng: random.Random, lesson: Lesson, frames: Frames, say: Callable[[View], str]
    ) -> Sample:
        """Return frames and what they show; some are in other colours, and none is named."""
        pixels, seconds_per_pair = frames
        view = View()
        if rng.random() < RECOLOUR_CHANCE[lesson]:
            pixels = recolour(pixels, rng)
            view = View(in_colour=False, is_mirrored=rng.random() < self.mirror_chance)
        if view.is_mirrored:
            pixels = pixels[:, :, ::-1]
        return Sample(
            pixels=pixels,
            seconds_per_pair=seconds_per_pair,
            prompt=chat_prompt(DESCRIBE if view.in_colour else DESCRIBE_COLOURLESS),
            reply=(say(view),),
        )

    def _query(self, rng: random.Random, scene: Scene) -> Sample:
        text, parts = _answered(rng, scene, lambda: rng.choice(self.scenes))
        pixels, seconds_per_pair = self._frames(scene)
        return Sample(
            pixels=pixels,
            seconds_per_pair=seconds_per_pair,
            prompt=chat_prompt(text),
            reply=("".join(parts),),
        )

    def _words(self, rng: random.Random, scene: Scene) -> Sample:
        """Return a query about a video that is not shown: its captions are given."""
        shown = self._unseen(rng)
        text, parts = _answered(rng, shown, lambda: self._unseen(rng))
        return Sample(prompt=chat_prompt(text, video=""), reply=parts)

    def _comparison(self, rng: random.Random, scene: Scene) -> Sample:
        """Return what to think of a query with up to two details wrong, and no answer."""
        shown = self._unseen(rng)
        claim = ask_relevant(rng, shown).claim
        for _ in range(rng.randint(0, MAX_WRONG)):
            claim = imprecise(rng, shown.world, claim)
        text = f"Query: {render_text(claim, draw_style(rng))}"
        thought = tuple(think(shown.world, claim))
        return Sample(prompt=chat_prompt(text, video=""), reply=thought, ends=False)

    def _unseen(self, rng: random.Random) -> Example:
        return make_record(rng.randrange(N_WORLDS), seed=self.seed, split=self.split)

    def _frames(self, scene: Scene) -> Frames:
        return self.pool[scene.index, : len(scene.frame_indices)], scene.seconds_per_pair


def _answered(
    rng: random.Random, shown: Shown, stranger: Callable[[], Shown]
) -> tuple[str, tuple[str, ...]]:
    """Return a query's text and the parts of its reply."""
    style = draw_style(rng)
    asked = ask(rng, shown, stranger)
    text = f"Query: {render_text(asked.claim, style)}"
    thought = think(shown.world, asked.claim)
    if asked.span is not None:
        return text, grounding_reply(thought, asked.span)
    refusal, correction = explain_absence(rng, shown.world, asked.claim, style)
    return text, refusing_reply(thought, refusal=refusal, correction=correction)
