"""What the runners share: their options, another project's code, versions, and a stand-in."""

from __future__ import annotations

import argparse
import ast
import hashlib
import importlib
import os
import platform
import sys
from typing import Any, Sequence

from protocol import CannotAnswerError, CannotStartError, Message, video_path

STAND_IN_S = 10.0


def options(description: str | None) -> argparse.ArgumentParser:
    """Return the options that every runner has."""
    parser = argparse.ArgumentParser(description=description, allow_abbrev=False)
    parser.add_argument("--project", help="the folder of the project's code")
    parser.add_argument("--checkpoint", help="the weights: a file, a folder or a Hub id")
    parser.add_argument("--device", default="cuda:0", help="where the model works")
    parser.add_argument(
        "--stand_in",
        action="store_true",
        help="answer from a digest of the question, without the project: for checking the bridge",
    )
    return parser


def enter(project: str | None, *, needed: Sequence[str]) -> str:
    """Work in the project's folder, as its own scripts do, and import from there.

    Raises:
        CannotStartError: no folder is named, or it lacks what is needed.
    """
    if not project:
        raise CannotStartError("got no project, expected --project with the folder of its code")
    folder = os.path.abspath(project)  # noqa: PTH100
    for name in needed:
        if not os.path.exists(os.path.join(folder, name)):  # noqa: PTH110, PTH118
            raise CannotStartError(
                f"got the project {folder}, which has no {name}; give --project with its code"
            )
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120
    # A runner's own name would hide a package of the same name.
    sys.path[:] = [folder] + [path for path in sys.path if os.path.abspath(path or ".") != here]  # noqa: PTH100
    os.chdir(folder)
    return folder


def load_module(name: str) -> Any:
    """Import a module of the project or of its environment.

    Raises:
        CannotStartError: it is not there; the line names it and this Python.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise CannotStartError(
            f"got no {name} in {sys.executable} ({error}), expected the project's environment; "
            "start the runner with its Python, see runners/README.md"
        ) from error


def checkpoint_path(checkpoint: str | None, *, expected: str) -> str:
    """Return an existing file or folder of weights.

    Raises:
        CannotStartError: there is none.
    """
    if not checkpoint or not os.path.exists(checkpoint):  # noqa: PTH110
        raise CannotStartError(
            f"got the checkpoint {checkpoint}, which is not on this machine, expected {expected}; "
            "give --model_args pretrained=PATH"
        )
    return os.path.abspath(checkpoint)  # noqa: PTH100


def engine(*packages: str) -> dict[str, str]:
    """Return the versions of what answers, without importing it; absent ones are left out."""
    found = {"python": platform.python_version()}
    for package in packages:
        version = _version(package)
        if version is not None:
            found[package] = version
    return found


def _version(package: str) -> str | None:
    try:
        from importlib import metadata
    except ImportError:  # Python 3.7
        pkg_resources = importlib.import_module("pkg_resources")
        try:
            return str(pkg_resources.get_distribution(package).version)
        except pkg_resources.DistributionNotFound:
            return None
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def written_text(path: str, name: str) -> str:
    """Return a text that a project's script sets, read there and never kept here.

    `name` is an attribute that is assigned (`state.system = "…"`) or a key (`{"system": "…"}`).

    Raises:
        CannotStartError: the script does not set it.
    """
    with open(path, encoding="utf-8") as file:  # noqa: PTH123
        tree = ast.parse(file.read(), filename=path)
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
            pairs = [(node.targets[0].attr, node.value)]
        elif isinstance(node, ast.Dict):
            pairs = [(_constant(key), value) for key, value in zip(node.keys, node.values)]
        else:
            continue
        for key, value in pairs:
            text = _constant(value)
            if key == name and text:
                return text
    raise CannotStartError(f"got {path}, which sets no {name}; give --system_file with the text")


def _constant(node: Any) -> str | None:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError):
        return None
    return value if isinstance(value, str) else None


def seeded(seed: Any, request: Message) -> None:
    """Seed torch with the run's seed and the request, so that neither order nor restarts matter."""
    torch = load_module("torch")
    digest = hashlib.sha256(f"{seed} {request.get('key')}".encode()).digest()
    torch.manual_seed(int.from_bytes(digest[:7], "big"))


def is_greedy(request: Message) -> bool:
    """Say whether a request asks for the likeliest words."""
    settings = request.get("generation") or {}
    return not settings.get("do_sample") or settings.get("temperature") == 0


def stand_in_score(request: Message) -> float:
    """Return a number from 0 to 1 that depends on the question alone."""
    named = f"{request.get('video_name')} {request.get('query')}"
    digest = hashlib.sha256(named.encode("utf-8", errors="replace")).digest()
    return digest[0] / 255


def stand_in_text(request: Message) -> Message:
    """Answer in words, in place of a model; the video has to be there all the same."""
    video_path(request)
    end_s = request.get("duration_s") or STAND_IN_S
    score = stand_in_score(request)
    return {"text": f"The event happens in {end_s * score / 2:.1f} - {end_s * score:.1f} seconds."}


def stand_in_spans_of_file(request: Message) -> Message:
    """Answer with spans, in place of a model that reads the video file, which has to be there."""
    video_path(request)
    return stand_in_spans(request)


def stand_in_spans(request: Message) -> Message:
    """Answer with spans, in place of a model that reads the features of a video."""
    if not request.get("video_name"):
        raise CannotAnswerError("got a request without video_name, expected one")
    end_s = request.get("duration_s") or STAND_IN_S
    score = stand_in_score(request)
    span = [end_s * score / 2, end_s * score]
    return {"relevant": score >= 0.5, "spans": [span], "relevance_score": score}
