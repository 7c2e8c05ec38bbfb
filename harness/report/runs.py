"""One run on disk: results.json and the samples beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rarft.harness.errors import NotFoundError, UserError
from rarft.harness.report.schema import Results, Sample, parse_results, read_samples


@dataclass(frozen=True, slots=True)
class RunView:
    """A run as the report shows it; `name` tells runs of the same model apart."""

    name: str
    results: Results
    samples: Mapping[str, tuple[Sample, ...]] = field(default_factory=dict)


def read_run(directory: Path) -> RunView:
    """Read the results and samples of an output directory.

    Samples are optional: without them the page has no plots of spans and no sample browser.

    Raises:
        UserError: results.json is missing or invalid, or a samples file is malformed.
    """
    path = directory / "results.json"
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFoundError(
            f"{directory}: got no results.json, expected the output directory of a run; make it "
            f"with rarft-eval --model MODEL --tasks TASKS --output_path {directory}"
        ) from error
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read ({error.strerror}); check its permissions"
        ) from error
    results = parse_results(content, source=str(path))
    samples = {}
    for task in results.tasks:
        samples_path = directory / f"samples_{task}.jsonl"
        if samples_path.is_file():
            samples[task] = read_samples(samples_path)
    return RunView(name=directory.resolve().name, results=results, samples=samples)
