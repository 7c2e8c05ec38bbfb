"""Make the tokenizer beside this file: `python -m rarft.harness.models.tiny.make_tokenizer`.

A small byte-level BPE in Qwen's form, so any text can be written. It knows the words of the
harness's prompts and of the synthetic world; a digit is always one token, and so is each tag.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tokenizers import AddedToken, Regex, Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer

VOCABULARY_SIZE: Final = 1152
SPECIAL_TOKENS: Final = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
TAGS: Final = tuple(
    f"<{slash}{name}>"
    for name in ("think", "answer", "correction", "timestep")
    for slash in ("", "/")
)
# Letters, single digits, punctuation and white space are kept apart, as in Qwen's tokenizers.
WORD_PATTERN: Final = (
    r"(?i:'(?:s|t|re|ve|m|ll|d))|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def _listed(words: str) -> tuple[str, ...]:
    return tuple(words.split(", "))


COLOURS: Final = _listed(
    "red, green, blue, yellow, purple, orange, white, black, grey, pink, brown"
)
SHAPES: Final = _listed("circle, square, triangle, cross, star, diamond, ring, ball, object")
SIZES: Final = _listed("small, large, big, tiny, medium")
PARTS: Final = _listed("a white stripe, a dark spot, a hat, feet, a border, an outline, a tail")
COUNTS: Final = _listed("a, one, two, three, four, five")
SCENES: Final = _listed("sand, grass, snow, water, brick, night, sky, wood")
SIDES: Final = _listed(
    "to the left of, to the right of, above, below, next to, in front of, behind, near, on, between"
)
COMPARISONS: Final = _listed("larger, smaller, faster, slower, bigger, brighter, darker")
MOTIONS: Final = _listed(
    "move left, move right, move up, move down, shake, bounce, blink, grow, shrink, stand "
    "still, stay, rotate, spin, turn, stop, appear, disappear, enter, leave, jump, slide, fall,"
    " rise, circle around, zigzag, moves left, moves right, moves up, moves down, shakes, "
    "bounces, blinks, grows, shrinks, stands still, stays, rotates, spins, turns, stops, "
    "appears, disappears, enters, leaves, jumps, slides, falls, rises, moving, shaking, "
    "bouncing, blinking, growing, shrinking, standing, rotating, spinning, turning"
)
ADVERBS: Final = _listed(
    "slowly, quickly, fast, again, once, twice, first, then, finally, together"
)
SENTENCES: Final = (
    "system",
    "user",
    "assistant",
    "You are a helpful assistant.",
    "You are a video analysis expert.",
    "Query:",
    "Decide whether some part of the video matches the query in every detail.",
    "Find the time period of the video in which this event takes place.",
    "Write the start and the end of the matching part in seconds, with two decimals, inside.",
    "Given a video and a query, determine whether the video contains a relevant segment.",
    "First reason and name the time ranges that you compare. For example:",
    "The event happens in the video from the start to the end.",
    "The video does not contain a matching segment.",
    "The video has no part that matches the query.",
    "There is no such event in this video; the query differs in its details from what it shows.",
    "Instead, the video shows that they do not and it does not. There are, there is.",
    "No relevant segment exists, because it is, they are, it has, they have, not.",
    "before, not after; after that; while; during; until; when; where; which; what; how; why.",
    "the scene changes from one to another; the background; the landmark; the middle; the corner.",
    "colour, size, count, shape, motion, order, speed, position, side, transition, comparison.",
    "Action, Object, Scene, Attribute, ActionSequence, FineGrainedAction, ObjectExistence,",
    "ObjectPartRelation, ObjectSpatialRelation, ObjectMoving, SceneTransition, SceneExistence,",
    "AttributeValue, Counting, Comparison. NIL null none.",
    "a person man woman opens closes holds puts takes sits walks talks looks eats drinks throws",
    "the door, a table, a book, the phone, a bag, the room, a cup, the window, some food, a box",
    "into, over, under, through, along, across, around, against, out of, away from, towards, off",
    "at, by, for, of, up, down, left, right, same, other, both, each, all, only, also, still, just",
    "hand, head, face, hair, floor, chair, bed, kitchen, water, glass, shoes, clothes, paper, ball",
    "runs, stands, turns, smiles, laughs, washes, cleans, cooks, cuts, pours, plays, works, gets",
    "seen, shown, visible, present, absent, missing, wrong, different, similar, matches, contains",
    "child, boy, girl, dog, cat, car, bike, group, people, someone, nobody, camera, screen, text",
)


def sentences() -> Iterator[str]:
    """Yield the texts that the vocabulary is learned from, always in the same order."""
    for sentence in SENTENCES * 40:
        yield sentence
        yield f" {sentence} {sentence[0].swapcase()}{sentence[1:]}"
    for colour, shape, motion in itertools.product(COLOURS, SHAPES, MOTIONS):
        yield f"The {colour} {shape} {motion}. The {colour} {shape}s {motion}."
        yield f"two {colour} {shape}s {motion} on the sand"
    for size, part, scene in itertools.product(SIZES, PARTS, SCENES):
        yield f"{size} objects with {part} on the {scene}, over the {scene}, in the {scene}"
        yield f"from {scene} to {scene}: {size} and not {size}"
    for count, side, comparison in itertools.product(COUNTS, SIDES, COMPARISONS):
        yield f"{count} stars {side} the grey ball, {comparison} than it"
        yield f"There are {count}, not {count}; they are {side} it, not {comparison}."
    for motion, adverb in itertools.product(MOTIONS, ADVERBS):
        yield f"they {motion} {adverb}, and {adverb} {motion}"


def make_tokenizer() -> Tokenizer:
    """Learn the vocabulary and add the special tokens and the tags."""
    tokenizer = Tokenizer(BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORD_PATTERN), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    added = len(SPECIAL_TOKENS) + len(TAGS)
    trainer = BpeTrainer(
        vocab_size=VOCABULARY_SIZE - added,
        min_frequency=2,
        show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )
    tokenizer.train_from_iterator(sentences(), trainer)
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in SPECIAL_TOKENS])
    tokenizer.add_tokens([AddedToken(tag, normalized=False) for tag in TAGS])
    return tokenizer


def save_tokenizer(folder: Path, **settings: Any) -> None:
    """Write tokenizer.json and tokenizer_config.json."""
    from transformers import PreTrainedTokenizerFast

    PreTrainedTokenizerFast(
        tokenizer_object=make_tokenizer(),
        unk_token=None,
        bos_token=None,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        model_max_length=32768,
        clean_up_tokenization_spaces=False,
        **settings,
    ).save_pretrained(folder)


if __name__ == "__main__":
    save_tokenizer(Path(__file__).parent)
    sys.exit(0)
