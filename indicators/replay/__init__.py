"""A recorded stretch of time, served again: the same collector reads it over HTTP on a clock of its own."""
