"""grid.json of the tiny proof: what each run was asked, and what each of its sessions used."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from tiny_jobs import Job, OnUsage, Usage

from rarft.harness.atomic_file import write_atomic
from rarft.harness.errors import UserError

TRAINED: Final = "training"
EVALUATED: Final = "evaluation"


class GridRecord:
    """The file, which is written at every change; sessions of a killed grid stay as last told."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._content: dict[str, Any] = {"schema_version": 1, "runs": {}}
        if path.is_file():
            self._content = json.loads(path.read_text(encoding="utf-8"))

    def expect(self, name: str, asked: Mapping[str, Any], *, has_begun: bool) -> None:
        """Keep what a run is asked.

        Raises:
            UserError: it has begun, and an earlier session asked it something else.
        """
        run = self._run(name)
        known = run.get("asked", asked)
        differing = sorted(key for key in asked if known.get(key) != asked[key])
        if differing and has_begun:
            raise UserError(
                f"{self._path}: got run {name} with another {differing[0]} than before, expected "
                "the same; give another --output"
            )
        run["asked"] = dict(asked)
        self._write()

    def teller(self, part: str) -> OnUsage:
        """Return what keeps the usage of each job as one session of the named part."""
        sessions: dict[str, dict[str, Any]] = {}

        def tell(job: Job, usage: Usage) -> None:
            if job.name not in sessions:
                sessions[job.name] = {}
                self._run(job.name).setdefault(part, []).append(sessions[job.name])
            sessions[job.name].update(asdict(usage))
            self._write()

        return tell

    def processor_s(self, part: str) -> dict[str, float]:
        """Return the processor seconds of a part, of all sessions and seeds, by arm."""
        spent: dict[str, float] = {}
        for name, run in self._content["runs"].items():
            arm = name.rpartition("-")[0] or name
            used = sum(session["processor_s"] for session in run.get(part, ()))
            if used:
                spent[arm] = spent.get(arm, 0.0) + used
        return spent

    def _run(self, name: str) -> dict[str, Any]:
        run: dict[str, Any] = self._content["runs"].setdefault(name, {})
        return run

    def _write(self) -> None:
        content = self._content | {
            "processor_s": {part: self.processor_s(part) for part in (TRAINED, EVALUATED)}
        }
        write_atomic(self._path, (json.dumps(content, indent=2) + "\n").encode())
