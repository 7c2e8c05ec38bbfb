"""Statistics: intervals over clustered queries."""

from rarft.harness.statistics.bootstrap import Interval, cluster_bootstrap

__all__ = ["Interval", "cluster_bootstrap"]
