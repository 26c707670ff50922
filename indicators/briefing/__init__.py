"""The weekly product: one page for the commander, as HTML, PNG and PDF."""

from indicators.briefing.weekly import (
    FORMATS,
    BriefingProblem,
    Sources,
    Week,
    Written,
    week_named,
    write,
    write_week,
)

__all__ = ["FORMATS", "BriefingProblem", "Sources", "Week", "Written", "week_named", "write", "write_week"]
