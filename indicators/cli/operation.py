"""Keeping it alive: `db`, `doctor`."""

from __future__ import annotations

import argparse
from pathlib import Path

from indicators import store
from indicators.cli.context import Finding, Unusable, catalogue, database, now, registry, settings, shared
from indicators.settings import data_folder
from indicators.store import heartbeat
from indicators.store.problems import reading


def db_options(command: argparse.ArgumentParser) -> None:
    """`vedette db`."""
    inner = command.add_subparsers(dest="what", metavar="WHAT", required=True)
    shared(inner.add_parser("upgrade", help="bring it to the newest schema")).set_defaults(run=run_upgrade)
    save = shared(inner.add_parser("backup", help="copy it while it is in use"))
    save.add_argument("file", type=Path)
    save.set_defaults(run=run_backup)
    back = shared(inner.add_parser("restore", help="put a copy in its place"))
    back.add_argument("file", type=Path)
    back.set_defaults(run=run_restore)


def doctor_options(command: argparse.ArgumentParser) -> None:
    """`vedette doctor`."""
    shared(command).set_defaults(run=run_doctor)


def run_upgrade(chosen: argparse.Namespace) -> None:
    """Bring the database to the newest schema."""
    engine = database(chosen)
    print(f"{engine.url.render_as_string(hide_password=True)}: at the newest schema")


def run_backup(chosen: argparse.Namespace) -> None:
    """Copy the database."""
    store.backup(database(chosen, create=False), chosen.file)
    print(f"{chosen.file}: {chosen.file.stat().st_size:,} bytes")


def run_restore(chosen: argparse.Namespace) -> None:
    """Put a copy in the database's place."""
    if not chosen.file.is_file():
        raise Unusable(f"{chosen.file}: no such file; name a copy that `vedette db backup` made")
    url = settings(chosen).database.url
    store.restore(url, chosen.file)
    print(f"{settings(chosen).database.shown}: restored from {chosen.file}")


def run_doctor(chosen: argparse.Namespace) -> int:
    """Say what is in order and what is not; 1 when something is not."""
    faults = 0
    in_force = settings(chosen)
    print(f"data       {data_folder()}")
    book = catalogue(chosen)
    print(f"catalogue  {book.problem.id}: {len(book.indicators)} indicators, version {book.version}")
    print(f"registry   {len(registry(chosen))} feeds")
    engine = database(chosen)
    print(f"database   {in_force.database.shown}")
    with reading(engine) as connection:
        beat = heartbeat.latest(connection)
    if beat is None:
        faults += 1
        print("poller     never ran on this database; start it with `vedette run`")
    else:
        age = beat.age(now())
        print(f"poller     {beat.mode.value}, last seen {age.total_seconds():.0f} s ago")
        if age.total_seconds() > 10 * in_force.poller.tick.total_seconds():
            faults += 1
            print("           it is not running; start it with `vedette run`")
    print(
        f"mail       {'by ' + in_force.mail.host if in_force.mail.configured else 'not configured: nothing is mailed'}"
    )
    if faults:
        raise Finding(f"{faults} finding{'s' if faults > 1 else ''}")
    return 0
