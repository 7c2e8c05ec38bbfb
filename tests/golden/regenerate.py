"""Write the golden results anew: `python tests/golden/regenerate.py`, then read the difference.

A changed figure needs a sentence in the CHANGELOG under "Scores change".
"""

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from rarft.harness import evaluate
from rarft.harness.judges.judge_config import JudgeConfig

FOLDER = Path(__file__).parent / "run"
GOLDEN = FOLDER / "results.json"
# What an encoder or trained weights say is no arithmetic; explanations/ has stored judgements.
UNJUDGED = JudgeConfig(judges={"categories": "none", "similarity": "none", "correction": "none"})


def scored() -> dict[str, Any]:
    """Score the recorded replies and return the figures and the floors."""
    with tempfile.TemporaryDirectory() as cache:
        os.environ["RARFT_CACHE"] = cache
        results = evaluate(
            "replay",
            "golden",
            model_args={"path": str(FOLDER / "replies.json"), "form": "answer_correction"},
            include_path=[FOLDER],
            n_resamples=1000,
            judging=UNJUDGED,
        )
    return {"results": results["results"], "floors": results["floors"]}


def as_text(content: dict[str, Any]) -> str:
    """Return JSON with floats short enough to be equal on every machine."""
    rounded = json.loads(json.dumps(content), parse_float=lambda text: round(float(text), 9))
    return json.dumps(rounded, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    GOLDEN.write_text(as_text(scored()), encoding="utf-8")
    sys.stderr.write(f"wrote {GOLDEN}\n")
