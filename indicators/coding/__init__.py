"""Coding: from an item to its signals."""

from indicators.coding.coder import code, languages_of
from indicators.coding.explain import Explanation, explain

__all__ = ["Explanation", "code", "explain", "languages_of"]
