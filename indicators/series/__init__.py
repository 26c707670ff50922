"""Events become counts by day, with what could be seen beside them; everything as of an instant."""
