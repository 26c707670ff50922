"""Vedette: items become signals, events, counts, readings, levels and alerts, each known as of an instant."""
