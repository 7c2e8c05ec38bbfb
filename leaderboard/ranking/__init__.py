"""Ranks that claim no more than the samples show."""

from rarft.leaderboard.ranking.differences import Pair, differences
from rarft.leaderboard.ranking.drawn import DrawnFigure, drawn_figures
from rarft.leaderboard.ranking.standings import Standing, Standings, standings
from rarft.leaderboard.ranking.task_ranking import Field, TaskRanking, rank_task

__all__ = [
    "DrawnFigure",
    "Field",
    "Pair",
    "Standing",
    "Standings",
    "TaskRanking",
    "differences",
    "drawn_figures",
    "rank_task",
    "standings",
]
