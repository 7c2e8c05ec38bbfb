"""Every source by its name; a new one is one file and one line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rarft.dataset_builder.sources.activitynet_captions import ACTIVITYNET_CAPTIONS
from rarft.dataset_builder.sources.charades_sta import CHARADES_STA
from rarft.dataset_builder.sources.columns import COLUMNS
from rarft.dataset_builder.sources.didemo import DIDEMO
from rarft.dataset_builder.sources.ego4d_nlq import EGO4D_NLQ
from rarft.dataset_builder.sources.hirest import HIREST
from rarft.dataset_builder.sources.ht_step import HT_STEP
from rarft.dataset_builder.sources.internvid_vtime import INTERNVID_VTIME
from rarft.dataset_builder.sources.longvid import LONGVID
from rarft.dataset_builder.sources.queryd import QUERYD
from rarft.dataset_builder.sources.qvhighlights import QVHIGHLIGHTS
from rarft.dataset_builder.sources.ra_rft import RA_RFT
from rarft.dataset_builder.sources.source import Source
from rarft.dataset_builder.sources.tacos import TACOS
from rarft.dataset_builder.sources.time_r1 import TIME_R1
from rarft.dataset_builder.sources.timeit import TIMEIT
from rarft.dataset_builder.sources.timepro import TIMEPRO
from rarft.dataset_builder.sources.tvgbench import TVGBENCH
from rarft.dataset_builder.sources.videomind import VIDEOMIND
from rarft.dataset_builder.sources.vtg_it import VTG_IT

SOURCES: Final[Mapping[str, Source]] = {
    source.name: source
    for source in (
        ACTIVITYNET_CAPTIONS,
        CHARADES_STA,
        QVHIGHLIGHTS,
        TACOS,
        TVGBENCH,
        HIREST,
        DIDEMO,
        QUERYD,
        HT_STEP,
        VTG_IT,
        TIMEIT,
        TIMEPRO,
        INTERNVID_VTIME,
        LONGVID,
        EGO4D_NLQ,
        TIME_R1,
        VIDEOMIND,
        RA_RFT,
        COLUMNS,
    )
}
