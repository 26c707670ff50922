"""State: what was coded, counted, decided and mailed, and when it became known. SQL lives here and nowhere above.

Every read that depends on time takes `as_of` and gives what was known then. Open a database with
`feeds.database.open_engine`, bring it up to date with `upgrade`, then work inside `writing(engine)` and
`reading(engine)`.
"""

from indicators.store import (
    alerts,
    corrections,
    events,
    evidence,
    heartbeat,
    indices,
    labels,
    levels,
    mail_servers,
    outbox,
    rulings,
    series,
    signals,
    silences,
    subscribers,
    thresholds,
)
from indicators.store.backups import backup, restore
from indicators.store.problems import StoreProblem, guard, reading, writing
from indicators.store.schema import upgrade

__all__ = [
    "StoreProblem",
    "alerts",
    "backup",
    "corrections",
    "events",
    "evidence",
    "guard",
    "heartbeat",
    "indices",
    "labels",
    "levels",
    "mail_servers",
    "outbox",
    "reading",
    "restore",
    "rulings",
    "series",
    "signals",
    "silences",
    "subscribers",
    "thresholds",
    "upgrade",
    "writing",
]
