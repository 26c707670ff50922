"""Folding of texts, as the catalogue folds its words."""

from indicators.catalogue.folding import Folded, fold

__all__ = ["Folded", "fold"]
