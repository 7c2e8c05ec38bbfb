"""Runner for NA-VMR (UniVTG-NA): SlowFast and CLIP features by name, windows and pred_class.

Start it with the Python of its environment, see README.md. The features of the query are read by
its words from an index, or made on the spot with the project's CLIP text encoder.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import Any

from project import checkpoint_path, engine, enter, load_module, options, stand_in_spans
from protocol import CannotAnswerError, Message, serve

TEXT_MODEL = "ViT-B/32"


def best_window(spans: list[list[float]], scores: list[float], duration_s: float) -> list[float]:
    """Return the window of the highest score, in seconds, cut to the video as the project does.

    Args:
        spans: Start and end of each window, as shares of the video.
        scores: The foreground score of each window.
        duration_s: The video's length.
    """
    best = max(range(len(scores)), key=scores.__getitem__)
    start, end = (min(max(share * duration_s, 0.0), duration_s) for share in spans[best])
    return [start, end]


class NaVmr:
    """The network, and where its features lie."""

    def __init__(self, args: argparse.Namespace) -> None:
        self._args = args

    def load(self, prepare: Message) -> None:
        """Build the network from the options saved beside its weights."""
        args = self._args
        weights = checkpoint_path(args.checkpoint, expected="the file model_best.ckpt")
        checkpoint_path(args.features, expected="--features with vid_slowfast and vid_clip")
        self._features = os.path.abspath(args.features)  # noqa: PTH100
        folder = enter(args.project, needed=["main/config.py", "run_on_video", "utils"])
        sys.path.insert(0, os.path.join(folder, "main"))  # noqa: PTH118
        self._torch = torch = load_module("torch")
        self._numpy = load_module("numpy")
        configuration = load_module("config")
        gpu = int(args.device.partition(":")[2] or 0)
        # The project reads its options from the command line.
        sys.argv = ["na_vmr", "--resume", weights, "--gpu_id", str(gpu)]
        settings = configuration.TestOptions().parse()
        if settings.lr_warmup > 0:
            settings.lr_warmup = [settings.lr_warmup, settings.n_epoch]
        self._settings = settings
        self._network = configuration.setup_model(settings)[0].to(args.device).eval()
        self._normalized = load_module("utils.basic_utils").l2_normalize_np_array
        extractor = load_module("run_on_video.data_utils").ClipFeatureExtractor
        self._text = extractor(
            framerate=1 / settings.clip_length,
            size=224,
            centercrop=True,
            model_name_or_path=TEXT_MODEL,
            device=args.device,
        )
        torch.set_grad_enabled(False)

    def answer(self, request: Message) -> Message:
        """Ask about one video's features."""
        started_s = time.perf_counter()
        torch, device = self._torch, self._args.device
        if not request.get("duration_s"):
            raise CannotAnswerError("got no duration of the video, expected seconds")
        clips = self._clips(os.path.splitext(request["video_name"])[0])  # noqa: PTH122
        n_clips = len(clips)
        words = self._text.encode_text([request["query"]])[0].float().cpu().numpy()
        words = torch.from_numpy(self._normalized(words)[: self._settings.max_q_l])
        place = torch.arange(0, n_clips, 1.0) / n_clips
        video = torch.cat([clips, torch.stack([place, place + 1.0 / n_clips], dim=1)], dim=1)
        output = self._network(
            src_vid=video[None].to(device),
            src_txt=words[None].to(device),
            src_vid_mask=torch.ones(1, n_clips).to(device),
            src_txt_mask=torch.ones(1, len(words)).to(device),
        )
        centres = (torch.arange(0, n_clips) + self._settings.clip_length / 2) / n_clips
        spans = centres[:, None] + output["pred_spans"][0].cpu()
        scores = output["pred_logits"][0, :, 0].cpu().tolist()
        score = float(output["pred_class"].flatten()[0])
        return {
            "relevant": score >= self._args.threshold,
            "spans": [best_window(spans.tolist(), scores, request["duration_s"])],
            "relevance_score": score,
            "seconds": time.perf_counter() - started_s,
        }

    def _clips(self, name: str) -> Any:
        """Return the clips' features, each part normalised. Shape: (clips, 2304 + 512)."""
        parts = []
        for kind in ("vid_slowfast", "vid_clip"):
            path = os.path.join(self._features, kind, name + ".npz")  # noqa: PTH118
            if not os.path.isfile(path):  # noqa: PTH113
                raise CannotAnswerError(f"got the video {name}, for which {path} is not there")
            features = self._numpy.load(path)["features"].astype(self._numpy.float32)
            parts.append(self._normalized(features))
        n_clips = min(map(len, parts))
        joined = self._numpy.concatenate([part[:n_clips] for part in parts], axis=1)
        return self._torch.from_numpy(joined)


def main() -> int:
    """Read the options and serve."""
    parser = options(__doc__)
    parser.add_argument("--features", help="the folder with vid_slowfast and vid_clip")
    parser.add_argument("--threshold", type=float, default=0.5, help="ground from this score on")
    args = parser.parse_args()
    model = NaVmr(args)
    hello = {
        "name": "na_vmr",
        "licence": "not stated, for code and weights; upstream UniVTG is MIT",
        "capabilities": {"batch": 1, "video": False},
        "engine": engine("torch", "numpy", "transformers"),
    }
    if args.stand_in:
        return serve(stand_in_spans, dict(hello, name="na_vmr (stand-in)"))
    return serve(model.answer, hello, load=model.load)


if __name__ == "__main__":
    sys.exit(main())
