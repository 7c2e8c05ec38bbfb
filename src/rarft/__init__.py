"""Measure, train and rank models that ground a query in a video or refuse it and say why."""

__version__ = "0.1.0"
