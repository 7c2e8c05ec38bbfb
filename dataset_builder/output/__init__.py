"""From accepted rows to a published set: Parquet, JSONL, official JSON, task YAML and card."""

from rarft.dataset_builder.output.publish import publish
from rarft.dataset_builder.output.write import Output, write_output

__all__ = ["Output", "publish", "write_output"]
