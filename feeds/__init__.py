"""Public feeds, read politely: a document becomes items, and every poll leaves a row that says what could be seen."""
