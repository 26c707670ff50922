"""The table of detectors, and one way to run any of them over a count series."""

from __future__ import annotations

from indicators.levels.history import History, SeriesError, day_of, whole_days

__all__ = ["History", "SeriesError", "day_of", "whole_days"]
