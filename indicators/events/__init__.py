"""Events and origins: many items, few voices, one happening; this room counts happenings, not echoes."""

from indicators.events.carousel import Carousel, carousel
from indicators.events.clustering import REPEAT_WITHIN, cluster
from indicators.events.corroboration import Contradiction, contradictions, judge
from indicators.events.origin import known_channels, trace, voices
from indicators.events.regrouping import Regrouped, regroup
from indicators.events.syndication import Reprint, ReprintIndex, ReprintKind

__all__ = [
    "REPEAT_WITHIN",
    "Carousel",
    "Contradiction",
    "Regrouped",
    "Reprint",
    "ReprintIndex",
    "ReprintKind",
    "carousel",
    "cluster",
    "contradictions",
    "judge",
    "known_channels",
    "regroup",
    "trace",
    "voices",
]
