"""The nouns every room speaks of; standard library only, one file a noun."""
