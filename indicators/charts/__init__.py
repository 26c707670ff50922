"""Frames and nouns become figures: one set for pages and briefing."""
