"""What every room's tests may ask for: a PostgreSQL server, and the documents beside a developer's checkout."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import create_engine, make_url, text

# Speed is for benchmarks: a busy machine fails no property. CI tries the same cases every time, so that a red run is
# the change's doing; a developer's runs look further.
settings.register_profile(
    "house",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("CI", "").lower() == "true",
)
settings.load_profile("house")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The third-party documents that lie beside a developer's checkout."""
    if not SHARED.is_dir():
        pytest.skip("shared data absent")
    return SHARED


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL server: the one of VEDETTE_TEST_POSTGRES, or one started for this session."""
    given = os.environ.get("VEDETTE_TEST_POSTGRES")
    if given:
        yield given
        return
    initdb, postgres = _binary("initdb"), _binary("postgres")
    if initdb is None or postgres is None:
        pytest.skip("no PostgreSQL: set VEDETTE_TEST_POSTGRES or install initdb and postgres")
    # The server refuses to run as root.
    user = "nobody" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="vedette-postgres-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        data = Path(folder) / "data"
        if user:
            shutil.chown(folder, user)
        subprocess.run(
            [initdb, "-D", str(data), "-U", "vedette", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"],
            user=user,
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
        )
        port = _free_port()
        settings = {"fsync": "off", "listen_addresses": "127.0.0.1", "unix_socket_directories": folder, "port": port}
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        with (Path(folder) / "log").open("wb") as log:
            server = subprocess.Popen(
                [postgres, "-D", str(data), *options], user=user, stdout=log, stderr=log, cwd=folder
            )
        try:
            address = f"postgresql+psycopg://vedette@127.0.0.1:{port}/postgres"
            _wait_for(address)
            yield address
        finally:
            server.terminate()
            server.wait(timeout=20)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The address of an empty database of this test's own."""
    name = f"vedette_test_{secrets.token_hex(6)}"
    admin = create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield make_url(postgres_server).set(database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        admin.dispose()


def _binary(name: str) -> str | None:
    found = shutil.which(name)
    if found is None:
        beside = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
        found = str(beside[-1]) if beside else None
    return str(Path(found).resolve()) if found else None


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(address: str) -> None:
    engine = create_engine(address)
    deadline = time.monotonic() + 30
    while True:
        try:
            with engine.connect():
                break
        except Exception:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
    engine.dispose()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Under CI a skip is a failure, for what did not run proves nothing; only absent third-party data may be missed."""
    outcome = yield
    report = outcome.get_result()
    if os.environ.get("CI", "").lower() == "true" and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if "shared data absent" not in reason:
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid}: skipped under CI ({reason})"
