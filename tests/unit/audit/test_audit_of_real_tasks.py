import pytest

from rarft.harness.audit.benchmark import AuditedTask, audit_benchmark
from rarft.harness.run_config import RunConfig
from rarft.harness.stages.loaded_task import load_tasks

TASKS = ("hi_charades", "human_annotated", "ss_charades")


@pytest.fixture(scope="module")
def audited(annotations_dir):
    tasks = [
        AuditedTask(name=task.name, queries=task.asked)
        for task in load_tasks(RunConfig(model="blind", tasks=TASKS))
    ]
    return {audit.task.name: audit.record for audit in audit_benchmark(tasks, n_resamples=200)}


@pytest.mark.slow
def test_the_words_tell_as_much_as_was_measured(audited):
    assert audited["hi_charades"]["blind_auc"] == pytest.approx(0.857, abs=0.01)
    assert audited["human_annotated"]["blind_auc"] == pytest.approx(0.54, abs=0.03)
    assert audited["ss_charades"]["blind_auc"] == pytest.approx(0.053, abs=0.01)


@pytest.mark.slow
def test_the_swapped_negatives_of_ss_charades_are_named(audited):
    (found,) = (
        artefact
        for artefact in audited["ss_charades"]["artefacts"]
        if artefact["code"] == "negatives_are_other_videos_positives"
    )
    assert found["counts"]["borrowed"] == found["counts"]["irrelevant"] == 1860
    assert found["counts"]["texts"] == found["counts"]["balanced_texts"] == 1437


@pytest.mark.slow
def test_the_constant_categories_of_hi_charades_are_named(audited):
    categories = audited["hi_charades"]["categories"]
    assert categories["best_constant_set"] == (
        "Action/FineGrainedAction",
        "Object/ObjectExistence",
    )
    assert categories["best_constant_jaccard"] == pytest.approx(0.539, abs=0.001)


@pytest.mark.slow
def test_videos_that_tasks_share_are_left_out_of_the_training(audited):
    cross = audited["hi_charades"]["cross"]
    assert cross["human_annotated"]["n_left_out"] == 0
    assert cross["ss_charades"]["n_shared_videos"] > 0
