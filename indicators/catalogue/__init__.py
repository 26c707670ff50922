"""The catalogue: a warning problem's indicators, wording, actors and places, read from a folder of YAML."""

from indicators.catalogue.actors import KnownActor, Office
from indicators.catalogue.gazetteer import Border, Gazetteer
from indicators.catalogue.knowledge import (
    FAMILIES,
    LANGUAGES,
    Area,
    Catalogue,
    Clause,
    Indicator,
    Language,
    Problem,
    Toward,
)
from indicators.catalogue.lexicon import Lexicon, Rule
from indicators.catalogue.load import check, examples, load
from indicators.catalogue.problems import CatalogueProblem, CatalogueProblems

__all__ = [
    "FAMILIES",
    "LANGUAGES",
    "Area",
    "Border",
    "Catalogue",
    "CatalogueProblem",
    "CatalogueProblems",
    "Clause",
    "Gazetteer",
    "Indicator",
    "KnownActor",
    "Language",
    "Lexicon",
    "Office",
    "Problem",
    "Rule",
    "Toward",
    "check",
    "examples",
    "load",
]
