"""Runner for RaTSG: I3D features by the video's name, a span and a relevance score, no text.

Start it with the Python of RaTSG's environment, see README.md. The model's own score says how
irrelevant a query is; relevance_score is 1 minus it, and a refusal keeps its span as a candidate.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from typing import Any

from project import checkpoint_path, engine, enter, load_module, options, stand_in_spans
from protocol import CannotAnswerError, Message, serve

UNKNOWN = "<UNK>"
# Above every score: the span is asked for whatever the score.
NEVER_REFUSE = 2.0
# In letters: the network cannot read a query of shorter words alone.
WIDEST_KERNEL = 4


def seconds_of(first: int, last: int, *, n_clips: int, duration_s: float) -> list[float]:
    """Return the span from clip `first` to clip `last`, both counted from 1 and included."""
    return [(first - 1) * duration_s / n_clips, last * duration_s / n_clips]


class RaTSG:
    """The network, the features of its videos, and its vocabulary."""

    def __init__(self, args: argparse.Namespace) -> None:
        self._args = args

    def load(self, prepare: Message) -> None:
        """Read configuration, vocabulary, features and weights."""
        args = self._args
        folder = checkpoint_path(
            args.checkpoint, expected="the folder model with configs.json and a .t7 file"
        )
        settings = checkpoint_path(
            os.path.join(folder, "configs.json"),  # noqa: PTH118
            expected="configs.json in the folder of the weights",
        )
        with open(settings, encoding="utf-8") as file:  # noqa: PTH123
            configs = argparse.Namespace(**json.load(file))
        enter(args.project, needed=["model/model.py", "util/data_util.py", "data"])
        self._torch = torch = load_module("torch")
        self._data = load_module("util.data_util")
        running = load_module("util.runner_utils_light_t7")
        dataset = load_module("util.data_gen_light").gen_or_load_dataset(configs)
        configs.word_size, configs.char_size = dataset["n_words"], dataset["n_chars"]
        self._words, self._characters = dataset["word_dict"], dataset["char_dict"]
        self._mask = running.convert_length_to_mask
        self._tokenize = load_module("nltk.tokenize").word_tokenize
        features = os.path.join(  # noqa: PTH118
            "data", "features", configs.task.split("_")[0], configs.fv
        )
        self._features = self._data.load_video_features(features, configs.max_pos_len)
        network_class = load_module("model.model").RaTSG
        network = network_class(configs=configs, word_vectors=dataset["word_vector"])
        weights = running.get_last_checkpoint(folder, suffix="t7")
        network.load_state_dict(torch.load(weights, map_location="cpu"))
        self._network = network.to(args.device).eval()
        self._configs = configs

    def answer(self, request: Message) -> Message:
        """Ask about one video's features."""
        started_s = time.perf_counter()
        torch = self._torch
        name = os.path.splitext(request["video_name"])[0]  # noqa: PTH122
        if name not in self._features:
            raise CannotAnswerError(f"got the video {name}, for which there are no I3D features")
        if not request.get("duration_s"):
            raise CannotAnswerError(f"got no duration of the video {name}, expected seconds")
        words, characters = self._ids(request["query"])
        clips, n_clips = self._data.pad_video_seq(
            [self._features[name]], max_length=self._configs.max_pos_len
        )
        device = self._args.device
        with torch.no_grad():
            lengths = torch.tensor(n_clips, dtype=torch.int64).to(device)
            word_ids = torch.tensor(words, dtype=torch.int64).to(device)
            start, end, score = self._network(
                word_ids,
                torch.tensor(characters, dtype=torch.int64).to(device),
                torch.tensor(clips[0][None], dtype=torch.float32).to(device),
                self._mask(lengths, max_len=self._configs.max_pos_len),
                (word_ids != 0).float(),
            )
            found = self._network.extract_start_end_index_with_case_score(
                start, end, score, NEVER_REFUSE
            )
        irrelevance = float(score[0])
        span = seconds_of(
            int(found[0][0]),
            int(found[1][0]),
            n_clips=n_clips[0],
            duration_s=request["duration_s"],
        )
        return {
            "relevant": irrelevance < self._args.threshold,
            "spans": [span],
            "relevance_score": 1.0 - irrelevance,
            "seconds": time.perf_counter() - started_s,
        }

    def _ids(self, query: str) -> tuple[Any, Any]:
        """Return the query's words and characters by number; words not trained on are unknown."""
        words = self._tokenize(query.strip().lower(), language="english")
        words = words[: self._configs.max_desc_len]
        if not words:
            raise CannotAnswerError("got a query without a word, expected at least one")
        unknown_word, unknown = self._words[UNKNOWN], self._characters[UNKNOWN]
        word_ids = [[self._words.get(word, unknown_word) for word in words]]
        letters = [[[self._characters.get(letter, unknown) for letter in word] for word in words]]
        length = self._configs.max_desc_len
        padded_words, _ = self._data.pad_seq(word_ids, max_length=length)
        n_letters = max(WIDEST_KERNEL, max(len(word) for word in letters[0]))
        padded_letters, _ = self._data.pad_char_seq(
            letters, max_length=length, max_length_2=n_letters
        )
        return padded_words, padded_letters


def main() -> int:
    """Read the options and serve."""
    parser = options(__doc__)
    parser.add_argument("--threshold", type=float, default=0.5, help="refuse from this score on")
    args = parser.parse_args()
    model = RaTSG(args)
    hello = {
        "name": "ratsg",
        "licence": "not stated, for code and weights",
        "capabilities": {"batch": 1, "video": False},
        "engine": engine("torch", "numpy", "nltk"),
    }
    if args.stand_in:
        return serve(stand_in_spans, dict(hello, name="ratsg (stand-in)"))
    return serve(model.answer, hello, load=model.load)


if __name__ == "__main__":
    sys.exit(main())
