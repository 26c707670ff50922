"""A page becomes a picture or a print by the system's Chromium or Chrome; without one, one line says so."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome", "microsoft-edge", "msedge")
ELSEWHERE = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
WIDTH, HEIGHT, SCALE = 1280, 720, 1.5
RENDERED_WITHIN_S = 90
# A white page of this size packs into far less; a page with its pictures is several times as large.
LEAST_BYTES = {".png": 40_000, ".pdf": 15_000}


def find_browser() -> str | None:
    """The path of a Chromium or Chrome on this machine: the one VEDETTE_CHROMIUM names, else the first found."""
    named = os.environ.get("VEDETTE_CHROMIUM")
    if named:
        return named if Path(named).exists() else None
    found = next((path for path in map(shutil.which, NAMES) if path), None)
    return found or next((path for path in ELSEWHERE if Path(path).exists()), None)


def render(page: Path, target: Path, *, browser: str | None = None) -> str:
    """Draw `page` into `target` (.png or .pdf); the trouble in one line, or nothing when it is there and not blank."""
    program = browser or find_browser()
    if program is None:
        return f"no Chromium or Chrome was found, so only {page.name} was written; install one for PNG and PDF"
    with tempfile.TemporaryDirectory(prefix="vedette-browser-", ignore_cleanup_errors=True) as profile:
        command = [program, *flags(profile), *_output(target), page.resolve().as_uri()]
        try:
            done = subprocess.run(  # noqa: S603 -- a browser found by us, on a page written by us
                command, capture_output=True, timeout=RENDERED_WITHIN_S, check=False, stdin=subprocess.DEVNULL
            )
        except subprocess.TimeoutExpired:
            return f"{target.name}: the browser took over {RENDERED_WITHIN_S} s and was stopped; {page.name} is written"
        except OSError as error:
            return f"{target.name}: {program} cannot be started ({error.strerror}); {page.name} is written"
    if done.returncode != 0 or not target.exists():
        return f"{target.name}: the browser ended with {done.returncode} and drew nothing; {page.name} is written"
    if target.stat().st_size < LEAST_BYTES[target.suffix]:
        target.unlink()
        return f"{target.name}: came out blank and was not kept; open {page.name} instead"
    return ""


def flags(profile: str) -> list[str]:
    """How the browser is started: alone, quiet, asking nobody for anything."""
    given = [
        "--headless",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--no-default-browser-check",
        "--disable-extensions",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
        f"--user-data-dir={profile}",
        "--virtual-time-budget=10000",
    ]
    # Chromium refuses its sandbox to the superuser, as in most containers.
    if sys.platform == "linux" and os.geteuid() == 0:
        given.append("--no-sandbox")
    return given


def _output(target: Path) -> Sequence[str]:
    if target.suffix == ".pdf":
        return ("--no-pdf-header-footer", f"--print-to-pdf={target.resolve()}")
    return (
        f"--window-size={WIDTH},{HEIGHT}",
        f"--force-device-scale-factor={SCALE}",
        f"--screenshot={target.resolve()}",
    )
