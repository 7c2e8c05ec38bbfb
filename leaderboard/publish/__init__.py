"""Entries and site on their way out: to the Hub, to GitHub Pages, or for a look at home."""

from rarft.leaderboard.publish.built_site import plan_pages, plan_space
from rarft.leaderboard.publish.entries_dataset import plan_dataset
from rarft.leaderboard.publish.hub import push
from rarft.leaderboard.publish.pages import write_pages
from rarft.leaderboard.publish.planned import PlannedFile, Publication

__all__ = [
    "PlannedFile",
    "Publication",
    "plan_dataset",
    "plan_pages",
    "plan_space",
    "push",
    "write_pages",
]
