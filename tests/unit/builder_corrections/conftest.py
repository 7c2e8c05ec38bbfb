"""Stand-ins of original files, and of official files made from them with planted defects."""

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

Pair = list[float]


@dataclass(frozen=True, kw_only=True)
class StandIns:
    """A folder with official files by their own names, and original ones under `originals`.

    `planted` names the wrong rows of each variant, `right` the spans of every relevant query by
    variant and (video, query).
    """

    folder: Path
    planted: Mapping[str, set[str]]
    right: Mapping[str, Mapping[tuple[str, str], list[Pair]]]

    def original(self, name: str) -> Path:
        return self.folder / "originals" / name


def official_record(
    video: str, span: Pair | None, texts: list[str], *, duration_s: float | None
) -> dict[str, Any]:
    """Return a record of relevant queries with one timestamp, and one irrelevant query."""
    relevant = [{"q": text, "r": True, "a": "", "difficulty": "original"} for text in texts]
    irrelevant = {"q": f"nobody {texts[0]}", "r": False, "a": "", "difficulty": "hard"}
    stated = {} if duration_s is None else {"duration": duration_s}
    return {"video": f"/elsewhere/{video}.mp4", "timestamp": span, **stated} | {
        "GRPO": [*relevant, irrelevant]
    }


def tvgbench(rng: random.Random) -> tuple[list[Any], list[Any], set[str], dict[Any, list[Pair]]]:
    """Return 40 items, half of them in clips, 9 of those with the end of the clip added.

    Two items ask the same of two clips of one video.
    """
    items, records, right = [], [], {}
    in_clips = set(range(0, 40, 2))
    planted = set(rng.sample(sorted(in_clips - {0, 2}), 8)) | {2}
    for index in range(40):
        video, text = f"t{index // 4}", f"a person does thing {index}."
        if index in (0, 2):
            video, text = "shared", "a person waves"
        start, end = round(rng.uniform(1, 20), 2), round(rng.uniform(21, 60), 2)
        clip = (round(100.0 + 100 * index, 2), round(180.0 + 100 * index, 2))
        item = {"path": f"./videos/{video}.mp4", "question": text, "answer": f"{start}-{end}"}
        items.append(item | {"start": None, "end": None})
        offset_s = end_offset_s = 0.0
        if index in in_clips:
            items[-1] |= {"start": clip[0], "end": clip[1]}
            offset_s, end_offset_s = clip[0], clip[1 if index in planted else 0]
        stored = [offset_s + start, end_offset_s + end]
        records.append(official_record(video, stored, [text], duration_s=None))
        if index not in (0, 2):
            right[video, text] = [[offset_s + start, offset_s + end]]
    order = rng.sample(range(40), 40)
    ids = {f"{position:05}-0" for position, index in enumerate(order) if index in planted}
    return items, [records[index] for index in order], ids, right


def charades(rng: random.Random) -> tuple[list[str], list[Any], set[str], dict[Any, list[Pair]]]:
    """Return 60 lines, pairs of queries with one timestamp, and those whose second is another."""
    lines, records, planted, right = [], [], set(), {}
    for index in range(30):
        video, texts = f"C{index:04}", [f"person opens door {index}.", f"person sits {index}."]
        first = [round(rng.uniform(0, 9), 1), round(rng.uniform(10, 20), 1)]
        second = first if index % 3 == 0 else [first[0], round(first[1] + 2.5, 1)]
        for text, span in zip(texts, (first, second), strict=True):
            lines.append(f"{video} {span[0]} {span[1]}##{text}")
            right[video, text] = [span]
        shared = index % 2 == 0
        if shared and second != first:
            planted.add(f"{len(records):05}-1")
        if shared:
            records.append(official_record(video, first, texts, duration_s=30.0))
        else:
            records.append(official_record(video, first, texts[:1], duration_s=30.0))
            records.append(official_record(video, second, texts[1:], duration_s=30.0))
    return lines, records, planted, right


def qvhighlights() -> tuple[list[Any], list[Any], set[str], dict[Any, list[Pair]]]:
    """Return 12 rows, every third with two windows, and records that keep the first."""
    rows, records, planted, right = [], [], set(), {}
    for index in range(12):
        video, text = f"q{index}_60.0_210.0", f"a dog runs {index}"
        windows = [[2.0, 10.0], [20.0, 30.0]] if index % 3 == 0 else [[4.0, 8.0]]
        rows.append({"qid": index, "vid": video, "query": text, "relevant_windows": windows})
        records.append(official_record(video, windows[0], [text], duration_s=None))
        right[video, text] = windows
        planted |= {f"{index:05}-0"} if index % 3 == 0 else set()
    return rows, records, planted, right


@pytest.fixture
def stand_ins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIns:
    rng = random.Random(6)
    folder = tmp_path / "annotations"
    (folder / "originals").mkdir(parents=True)
    items, tvg, tvg_planted, tvg_right = tvgbench(rng)
    lines, sta, sta_planted, sta_right = charades(rng)
    rows, qvh, qvh_planted, qvh_right = qvhighlights()
    for name, records in (
        ("hi_vtg_tvgbench", tvg),
        ("ss_vtg_charades", sta),
        ("ss_vtg_qvhighlight", qvh),
    ):
        (folder / f"{name}.json").write_text(json.dumps(records))
    originals = folder / "originals"
    (originals / "tvgbench.json").write_text(json.dumps(items))
    (originals / "charades_sta_test.txt").write_text("\n".join(lines) + "\n")
    (originals / "highlight_val.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    monkeypatch.setenv("RARFT_ANNOTATIONS", str(folder))
    monkeypatch.setenv("RARFT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("RARFT_OFFLINE", "1")
    return StandIns(
        folder=folder,
        planted={
            "fixed_hi_tvgbench": tvg_planted,
            "fixed_ss_charades": sta_planted,
            "multi_ss_qvhighlights": qvh_planted,
        },
        right={
            "fixed_hi_tvgbench": tvg_right,
            "fixed_ss_charades": sta_right,
            "multi_ss_qvhighlights": qvh_right,
        },
    )
