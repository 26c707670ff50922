"""The one history of the schema, collection's tables included. The oldest step comes first and is never edited."""

NEWEST = "0006"
"""The last step; a database at it needs no look at the others."""
