"""Coding: from an item to its signals."""

from indicators.coding.coder import code
from indicators.coding.explain import Explanation, explain

__all__ = ["Explanation", "code", "explain"]
