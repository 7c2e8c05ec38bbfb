"""A grounding task in four lines of YAML, for files outside this package.

task: my_kitchen
class: !function rarft.tasks.grounding_task.GroundingTask
metadata: {version: 1.0, annotation: my_kitchen.json}
"""

from pathlib import Path
from typing import Any

from lm_eval.api.task import ConfigurableTask
from lm_eval.tasks._yaml_loader import load_yaml

from rarft.tasks.official import load

SHARED = Path(__file__).parent / "_grounding"


class GroundingTask(ConfigurableTask):
    """An lm-eval task that has what every packaged grounding task has; its own keys win."""

    def __init__(self, config: dict[str, Any]) -> None:
        own = {key: value for key, value in config.items() if key not in ("class", "include")}
        super().__init__(config={"custom_dataset": load, **load_yaml(SHARED), **own})
