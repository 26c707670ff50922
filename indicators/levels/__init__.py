"""Counts become readings, readings a level that holds still, levels the watch condition a problem is recommended."""
