"""How fast sources become rows, and in how much memory these are built from.

Run `python bench/data.py` (about four minutes). Files of 10,000 and of 100,000 queries are made in
the forms of four sources, every fiftieth record broken, and `rarft-data normalise` reads each in a
process of its own. Memory is the peak of that process, imports and all; what ten times the rows add
to it is the digests of their ids. Seconds of the processor count the imports too.

Then the steps of a build over 10,000 and 100,000 rows, and the balance, which holds all texts, over
2,500 and 10,000: see data_build.py. Results: bench/results/data.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from data_build import growth, measured_steps

RESULTS: Final = Path(__file__).parent / "results" / "data.json"
SIZES: Final = (10_000, 100_000)
PEAK_LIMIT_MB: Final = 1000.0
SENTENCES: Final = 5
BROKEN: Final = 50
READ: Final = """
import json, sys, time
from pathlib import Path
from rarft.dataset_builder.normalise import normalise
from rarft.dataset_builder.normalised_files import write_normalised
source, path, folder, options = sys.argv[1:]
began = time.perf_counter()
found = normalise(source, path, split="train", options=json.loads(options))
counts = write_normalised(found, Path(folder)).counts
seconds = time.perf_counter() - began
peak = next(
    line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")
)
cpu_s = time.process_time()
peak_mb = int(peak.split()[1]) / 1024
print(json.dumps({"s": seconds, "cpu_s": cpu_s, "peak_mb": peak_mb, "counts": counts}))
"""


def charades_lines(n_queries: int) -> Iterator[str]:
    """Yield lines of Charades-STA's form."""
    for row in range(n_queries):
        end = "x" if row % BROKEN == 0 else f"{row % 20 + 5}.5"
        yield f"V{row % 9000:05} {row % 20}.0 {end}##a person opens door {row}.\n"


def qvhighlights_lines(n_queries: int) -> Iterator[str]:
    """Yield lines of QVHighlights' form."""
    for row in range(n_queries):
        windows = [] if row % BROKEN == 0 else [[row % 100, row % 100 + 10], [120, 130]]
        value = {
            "qid": row,
            "query": f"A girl and her mother cook dish {row}.",
            "duration": 150,
            "vid": f"v{row % 9000}_210.0_360.0",
            "relevant_windows": windows,
            "saliency_scores": [[1, 1, 2]] * 30,
        }
        yield json.dumps(value) + "\n"


def activitynet_members(n_queries: int) -> Iterator[str]:
    """Yield the text of one JSON object of ActivityNet Captions' form, a video at a time."""
    for video in range(n_queries // SENTENCES):
        n_timestamps = SENTENCES - (video % BROKEN == 0)
        value = {
            "duration": 120.5,
            "timestamps": [[10 * part, 10 * part + 9.5] for part in range(n_timestamps)],
            "sentences": [f" Person {video} does thing {part}." for part in range(SENTENCES)],
        }
        yield f'{", " if video else "{"}"v_{video}": {json.dumps(value)}'
    yield "}"


def parquet_rows(n_queries: int) -> list[dict[str, Any]]:
    """Return rows of a table that no source knows."""
    texts = ("" if row % BROKEN == 0 else f"a dog runs {row}" for row in range(n_queries))
    return [
        {"clip": f"v{row % 9000}", "text": text, "s": 1.0, "e": 4.0}
        for row, text in enumerate(texts)
    ]


def write_file(source: str, path: Path, *, n_queries: int) -> Mapping[str, Any]:
    """Write a source's file and return the options it is read with."""
    if source == "columns":
        from datasets import Dataset

        Dataset.from_list(parquet_rows(n_queries)).to_parquet(path)
        return {"query": "text", "video": "clip", "start": "s", "end": "e"}
    makers = {
        "charades_sta": charades_lines,
        "qvhighlights": qvhighlights_lines,
        "activitynet_captions": activitynet_members,
    }
    with path.open("w", encoding="utf-8") as out:
        out.writelines(makers[source](n_queries))
    return {}


FILES: Final = {
    "charades_sta": "charades_sta_train.txt",
    "qvhighlights": "highlight_train_release.jsonl",
    "activitynet_captions": "train.json",
    "columns": "train.parquet",
}


def measured(source: str, *, n_queries: int, folder: Path) -> dict[str, Any]:
    """Return seconds, peak memory and counts of one file of one source."""
    path = folder / FILES[source]
    options = write_file(source, path, n_queries=n_queries)
    command = [sys.executable, "-c", READ, source, str(path), str(folder / "out")]
    said = subprocess.run(
        [*command, json.dumps(options)], capture_output=True, check=True, text=True
    )
    figures: dict[str, Any] = json.loads(said.stdout)
    return {
        "source": source,
        "n_queries": n_queries,
        "file_mb": round(path.stat().st_size / 1e6, 1),
        "s": round(figures["s"], 2),
        "cpu_s": round(figures["cpu_s"], 2),
        "rows_per_cpu_s": round(figures["counts"]["rows"] / figures["cpu_s"]),
        "peak_mb": round(figures["peak_mb"], 1),
        "counts": figures["counts"],
    }


def main() -> int:
    """Measure every source at every size and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n_queries", type=int, nargs="*", default=SIZES)
    parser.add_argument("--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    rows = []
    for source in FILES:
        for n_queries in arguments.n_queries:
            with tempfile.TemporaryDirectory() as folder:
                row = measured(source, n_queries=n_queries, folder=Path(folder))
            rows.append(row)
            speed = f"{row['rows_per_cpu_s']:,} rows per CPU second"
            print(f"{source} {n_queries:,}: {speed}, {row['peak_mb']} MB")
    record = json.loads(arguments.output.read_text()) if arguments.output.is_file() else {}
    record["normalise"] = {
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "peak_limit_mb": PEAK_LIMIT_MB,
        "met": all(row["peak_mb"] < PEAK_LIMIT_MB for row in rows),
        "rows": rows,
    }
    steps = measured_steps()
    record["build"] = {
        "peak_limit_mb": PEAK_LIMIT_MB,
        "met": all(row["peak_mb"] < PEAK_LIMIT_MB for row in steps),
        "mb_per_10000_rows": growth(steps),
        "rows": steps,
    }
    arguments.output.write_text(json.dumps(record, indent=2) + "\n")
    return 0 if record["normalise"]["met"] and record["build"]["met"] else 1


if __name__ == "__main__":
    sys.exit(main())
