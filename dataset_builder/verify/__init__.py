"""Is a rewritten query really false of its video, edited as planned, and its refusal sound?"""

from rarft.dataset_builder.verify.limits import Checks, Rules
from rarft.dataset_builder.verify.verify import verify
from rarft.dataset_builder.verify.video_queries import VideoQueries

__all__ = ["Checks", "Rules", "VideoQueries", "verify"]
