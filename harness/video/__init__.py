"""Video files to frames: find, read, sample, resize, cache.

Nothing here knows a model; a FramesPolicy says what one wants to see.
"""

from rarft.harness.video.cache import FramesCache
from rarft.harness.video.content import content_hash
from rarft.harness.video.frames import Frames, load_frames
from rarft.harness.video.locate import find_video, video_roots
from rarft.harness.video.policy import FramesPolicy
from rarft.harness.video.reader import VideoInfo, probe
from rarft.harness.video.resize import frame_size
from rarft.harness.video.sampling import sample_indices

__all__ = [
    "Frames",
    "FramesCache",
    "FramesPolicy",
    "VideoInfo",
    "content_hash",
    "find_video",
    "frame_size",
    "load_frames",
    "probe",
    "sample_indices",
    "video_roots",
]
