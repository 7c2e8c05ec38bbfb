"""What of an entry holds: every figure is computed again from its samples.

Nothing of an entry is run or followed: tasks, cards, judges and floors are the verifier's own.
"""

from rarft.leaderboard.verification.judged_again import Rejudge
from rarft.leaderboard.verification.known_tasks import TaskShelf
from rarft.leaderboard.verification.verified import Check, Verified, VerifiedTask
from rarft.leaderboard.verification.verify import verify

__all__ = ["Check", "Rejudge", "TaskShelf", "Verified", "VerifiedTask", "verify"]
