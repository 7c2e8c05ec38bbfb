"""What every packaged task must keep, and, where the official files are, what they must hold."""

import fnmatch
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import rarft.tasks
from rarft.harness.parsing import parse_reply
from rarft.tasks.metadata import TaskMetadata, official_task_files, read_metadata, read_task_yaml
from rarft.tasks.official import load
from rarft.tasks.records import read_records
from rarft.tasks.rows import doc_to_target

FOLDER = Path(rarft.tasks.__file__).parent
OFFICIAL = official_task_files()
KEYS = (
    "ra_iou@0.3",
    "ra_iou@0.5",
    "ra_iou@0.7",
    "ra_miou",
    "f1_relevant",
    "f1_irrelevant",
    "f1_avg",
    "miou_relevant",
    "miou_grounded",
    "pair_accuracy",
)
HI = {"hi_activitynet", "hi_tvgbench", "hi_charades"}
SS = {"ss_activitynet", "ss_charades", "ss_qvhighlights"}


def resolved(path: Path) -> dict[str, Any]:
    from lm_eval.tasks._yaml_loader import load_yaml

    return dict(load_yaml(path, resolve_func=True))


def manager() -> Any:
    from lm_eval.tasks import TaskManager

    return TaskManager(include_path=str(FOLDER), include_defaults=False)


LEAVES = sorted(
    path for path in FOLDER.rglob("*.yaml") if isinstance(read_task_yaml(path).get("task"), str)
)


@pytest.mark.parametrize("path", LEAVES, ids=lambda path: path.stem)
def test_every_task_loads_with_its_functions_and_reports_the_ten_figures(path: Path) -> None:
    task = resolved(path)
    assert task["task"] == path.stem
    assert task["output_type"] == "generate_until"
    assert task["test_split"] == "test"
    assert task["num_fewshot"] == 0
    assert task["generation_kwargs"] == {"until": []}
    assert isinstance(task["metadata"]["version"], float)
    for name in ("custom_dataset", "doc_to_text", "doc_to_target", "doc_to_image"):
        assert callable(task[name])
    assert callable(task["process_results"])
    assert tuple(metric["metric"] for metric in task["metric_list"]) == KEYS
    for metric in task["metric_list"]:
        assert metric["aggregation"] == "mean" or callable(metric["aggregation"])
        assert metric["higher_is_better"] is True


def test_the_official_tasks_are_the_papers_eight() -> None:
    assert set(OFFICIAL) == HI | SS | {"human_annotated", "vtg_activitynet"}


@pytest.mark.parametrize("name", sorted(OFFICIAL))
def test_every_official_task_states_what_it_reads(name: str) -> None:
    metadata = read_metadata(OFFICIAL[name])
    assert metadata.commit == "8843cbb259cd5661e59654ea609fc844b00a175b"
    assert (metadata.prompt_mode == "native") == (name == "vtg_activitynet")
    assert (metadata.select == "relevant") == (name == "vtg_activitynet")
    assert (metadata.negatives == "shuffled") == (name in SS)


def test_patterns_of_the_paper_match_its_tasks_and_no_group() -> None:
    tasks = manager()
    assert set(fnmatch.filter(tasks.all_subtasks, "hi_*")) == HI
    assert set(fnmatch.filter(tasks.all_subtasks, "ss_*")) == SS
    groups = tasks.all_groups
    assert {"rarft_hi", "rarft_ss", "rarft_all"} <= set(groups)
    assert not [name for name in groups if name.startswith(("hi_", "ss_"))]
    assert not tasks.all_tags


def test_groups_hold_packaged_tasks() -> None:
    tasks = manager()
    members = {name: set(tasks.task_index[name].cfg["task"]) for name in tasks.all_groups}
    assert members["rarft_hi"] == HI
    assert members["rarft_ss"] == SS
    assert members["rarft_all"] == set(OFFICIAL)
    assert all(held <= set(tasks.all_subtasks) for held in members.values())


def test_the_task_in_the_documentation_works_as_it_is_written(tmp_path: Path) -> None:
    from lm_eval.tasks import TaskManager

    page = (Path(__file__).parents[2] / "docs" / "tasks.md").read_text()
    annotation = page.split("```json\n")[1].split("```")[0]
    (tmp_path / "my_kitchen.json").write_text(annotation)
    (tmp_path / "my_kitchen.yaml").write_text(page.split("```yaml\n")[1].split("```")[0])
    own = TaskManager(include_path=str(tmp_path), include_defaults=False)
    task = own.load("my_kitchen")["tasks"]["my_kitchen"]
    assert [doc["level"] for doc in task.eval_docs] == ["original", "strong"]
    assert tuple(metric["metric"] for metric in task.config.metric_list) == KEYS
    task.build_all_requests()
    assert [request.args[0] for request in task.instances] == [
        "a woman opens the oven",
        "a woman opens the fridge",
    ]
    assert task.instances[0].args[2] == {"visual": ["kitchen.mp4"]}


def official_docs(name: str) -> tuple[TaskMetadata, Any]:
    """Load a task from RARFT_ANNOTATIONS, or skip the test."""
    folder = os.environ.get("RARFT_ANNOTATIONS")
    metadata = read_metadata(OFFICIAL[name])
    if not folder:
        pytest.skip("RARFT_ANNOTATIONS is not set")
    if not (Path(folder) / metadata.annotation).is_file():
        pytest.skip(f"RARFT_ANNOTATIONS holds no {metadata.annotation}")
    return metadata, load(**metadata.model_dump())["test"]


official = pytest.mark.parametrize("name", sorted(OFFICIAL))


@official
def test_official_counts_are_those_stated(name: str) -> None:
    metadata, docs = official_docs(name)
    counted = {
        "records": docs.load_report["n_records"],
        "videos": len({doc["video"] for doc in docs}),
        "relevant": sum(doc["relevant"] for doc in docs),
        "irrelevant": sum(not doc["relevant"] for doc in docs),
    }
    stated = metadata.counts.model_dump()
    assert {key: counted[key] for key, count in stated.items() if count is not None} == {
        key: count for key, count in stated.items() if count is not None
    }


@official
def test_official_ids_are_unique_and_rows_are_json(name: str) -> None:
    _, docs = official_docs(name)
    assert max(Counter(doc["id"] for doc in docs).values()) == 1
    json.dumps(docs, allow_nan=False)


@official
def test_official_targets_parse_as_what_they_are(name: str) -> None:
    _, docs = official_docs(name)
    wrong = []
    for doc in docs:
        target = doc_to_target(doc)
        prediction = parse_reply(f"<answer>{target}</answer>", duration_s=doc["duration_s"])
        if doc["relevant"]:
            right = [[span.start_s, span.end_s] for span in prediction.spans] == doc["spans"]
        else:
            right = not target or prediction.kind == "refused"
        wrong += [] if right else [(doc["id"], target, prediction)]
    assert not wrong


@official
def test_official_answers_parse_as_what_they_are(name: str) -> None:
    """An answer's span may be rounded to tenths, so it is held to the timestamp within 0.06 s."""
    metadata, _ = official_docs(name)
    path = Path(os.environ["RARFT_ANNOTATIONS"]) / metadata.annotation
    wrong = []
    for index, record in enumerate(read_records(path.read_bytes(), path=path)):
        for query in record.queries:
            if not query.answer:
                continue
            prediction = parse_reply(query.answer, duration_s=record.duration_s)
            kinds = "grounded" if query.relevant else "refused"
            if prediction.kind != kinds or not _near(record.span, prediction.spans):
                wrong.append((index, query.answer, prediction))
    assert not wrong


def _near(reference: Any, spans: Any) -> bool:
    if not spans:
        return True
    [span] = spans
    starts, ends = reference.start_s - span.start_s, reference.end_s - span.end_s
    return bool(abs(starts) <= 0.06 and abs(ends) <= 0.06)


QUIRKS_MEASURED: dict[str, dict[str, int]] = {
    "hi_charades": {
        "duplicate_query": 1,
        "path_with_folders": 1097,
        "query_text_differs": 1,
        "span_past_end": 166,
    },
    "hi_tvgbench": {
        "absent_duration": 800,
        "category_outside_taxonomy": 1,
        "duplicate_query": 1,
        "path_with_folders": 800,
    },
    "human_annotated": {"absent_difficulty": 200, "empty_answer": 20, "path_with_folders": 100},
    "ss_charades": {
        "absent_categories": 1860,
        "empty_answer": 3720,
        "only_irrelevant": 841,
        "overridden_difficulty": 1860,
        "path_with_folders": 2119,
        "shared_timestamp": 582,
        "span_past_end": 199,
        "without_relevant": 1269,
    },
    "ss_qvhighlights": {
        "absent_categories": 1550,
        "absent_duration": 1550,
        "overridden_difficulty": 1550,
        "path_with_folders": 1550,
        "refusal_without_tag": 1550,
    },
}


@pytest.mark.parametrize("name", sorted(QUIRKS_MEASURED))
def test_official_quirks_are_counted(name: str) -> None:
    _, docs = official_docs(name)
    assert docs.load_report["quirks"] == QUIRKS_MEASURED[name]


@official
def test_official_levels_are_those_of_the_paper(name: str) -> None:
    measured = {
        "hi_charades": {"original": 1097, "strong": 530, "moderate": 363, "weak": 204},
        "hi_tvgbench": {"original": 800, "strong": 267, "moderate": 267, "weak": 266},
        "ss_charades": {"original": 1860, "shuffled": 1860},
        "ss_qvhighlights": {"original": 1550, "shuffled": 1550},
        "human_annotated": {None: 200},
    }
    _, docs = official_docs(name)
    if name not in measured:
        pytest.skip("nobody has measured its levels")
    assert Counter(doc["level"] for doc in docs) == measured[name]
