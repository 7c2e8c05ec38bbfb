"""The table of metrics that docs/metrics.md shows, written from METRICS."""

from rarft.harness.metrics.metric_table import METRICS


def index_table() -> str:
    """Return one Markdown row per key: its title in tables and its formula.

    Example:
        >>> print(index_table().splitlines()[0])
        | Key | Title | Formula |
    """
    rows = [f"| `{key}` | {metric.title} | {metric.formula} |" for key, metric in METRICS.items()]
    return "\n".join(["| Key | Title | Formula |", "|---|---|---|", *rows]) + "\n"
