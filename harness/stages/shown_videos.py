"""Which video each query is asked about: its own, or another one of its task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rarft.harness.errors import NotFoundError, UserError
from rarft.harness.run_config import RunConfig
from rarft.harness.stages.loaded_task import LoadedTask
from rarft.harness.video.input import other_videos
from rarft.harness.video.locate import video_roots


def check_others(config: RunConfig, tasks: Sequence[LoadedTask]) -> None:
    """Make sure that each task has another video to show, where one is asked for.

    Raises:
        UserError: all queries of a task are about one video.
    """
    if config.video_input == "other":
        for task in tasks:
            _others(task, config)


def _others(task: LoadedTask, config: RunConfig) -> Mapping[str, str]:
    named = (query.video for query in task.queries)
    return other_videos(named, seed=config.seed, task=task.name)


def shown_visuals(task: LoadedTask, config: RunConfig) -> Iterator[str]:
    """Yield the video to show with each query asked."""
    docs = task.task.eval_docs
    if config.video_input != "other":
        yield from (str(task.task.doc_to_image(doc)[0]) for doc in docs)
        return
    other = _others(task, config)
    first = {query.video: doc for query, doc in reversed([*zip(task.queries, docs, strict=True)])}
    for query in task.asked:
        yield str(task.task.doc_to_image(first[other[query.video]])[0])


def check_roots(tasks: Sequence[LoadedTask]) -> None:
    """Stop before thousands of queries fail for one variable that is not set.

    Raises:
        UserError: no folder is named for a task whose videos have no absolute paths.
        NotFoundError: a folder that is named does not exist.
    """
    for root in video_roots():
        if not root.is_dir():
            raise NotFoundError(f"got RARFT_VIDEOS with {root}, expected a folder; check the path")
    for task in tasks:
        visual = str(task.task.doc_to_image(task.task.eval_docs[0])[0])
        if not Path(visual).is_absolute() and not video_roots():
            raise UserError(
                f"got no folder with the videos of task {task.name}, expected RARFT_VIDEOS to name "
                "one or several; set it and run again"
            )
