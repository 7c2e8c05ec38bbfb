import doctest
from pathlib import Path

import pytest

from rarft.harness.audit import blind
from rarft.harness.metrics import counts, figures, grounding, index, outcomes, overlap
from rarft.harness.metrics import METRICS, relevance, slices, task_results
from rarft.harness.metrics.index import index_table
from rarft.harness.models import floors
from rarft.harness.statistics import bootstrap

PAGE = Path(__file__).parents[3] / "docs" / "metrics.md"
