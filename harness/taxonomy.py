"""The 4 groups, 11 mismatch categories and 5 irrelevance levels of the benchmark.

Source: RA-RFT (CVPR 2026), Figures 4 and 5 and Section 3.3. The official files call the
levels hard, medium and easy; the paper calls them strong, moderate and weak.
"""

from typing import Final, Literal, get_args

Level = Literal["original", "strong", "moderate", "weak", "shuffled"]
LEVELS: Final[tuple[Level, ...]] = get_args(Level)
HARD_LEVELS: Final[tuple[Level, ...]] = ("strong", "moderate", "weak")

GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "Action": ("ActionSequence", "FineGrainedAction"),
    "Object": ("ObjectExistence", "ObjectPartRelation", "ObjectSpatialRelation", "ObjectMoving"),
    "Scene": ("SceneTransition", "SceneExistence"),
    "Attribute": ("AttributeValue", "Counting", "Comparison"),
}
CATEGORIES: Final[tuple[str, ...]] = tuple(
    f"{group}/{child}" for group, children in GROUPS.items() for child in children
)

LEVEL_OF_DIFFICULTY: Final[dict[str, Level]] = {
    "original": "original",
    "hard": "strong",
    "medium": "moderate",
    "easy": "weak",
}
"""Official `difficulty` to level: 1, 2 or 3 edited elements."""
