"""Two processes side by side: started together, announced when healthy, stopped together."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from indicators import service

ROOT = Path(__file__).resolve().parents[2]
STAY = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
time.sleep(300)
"""
SERVE = """
import http.server, sys
class Ok(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"ok")
    def log_message(self, *words): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Ok).serve_forever()
"""


def a_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def started(poller: str, port: int, mark: str) -> subprocess.Popen[str]:
    """A supervisor over a stand-in poller and page server, in a process of its own; `mark` names them all."""
    script = textwrap.dedent(f"""
        import os, sys
        from indicators import service
        code = service.supervise(
            poller=[sys.executable, "-c", {poller!r}, {mark!r}],
            dashboard=[sys.executable, "-c", {SERVE!r}, "{port}", {mark!r}],
            address="http://127.0.0.1:{port}",
            environment=dict(os.environ),
            say=lambda line: print(line, flush=True),
        )
        raise SystemExit(code)
    """)
    return subprocess.Popen(
        [sys.executable, "-c", script, mark], cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    )


def processes_with(mark: str) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return [pid for pid in found if pid != os.getpid()]


def groups_of(supervisor: subprocess.Popen[str], mark: str) -> set[int]:
    return {os.getpgid(pid) for pid in processes_with(mark) if pid != supervisor.pid}


def group_is_empty(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="counts processes by /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_stops_everything(number):
    """After Ctrl-C the supervisor ends with 0 and neither its children nor their children are left."""
    mark = f"vedette-test-{os.getpid()}-{number}"
    supervisor = started(STAY, a_port(), mark)
    line = supervisor.stdout.readline()
    assert "on watch at http://127.0.0.1:" in line
    groups = groups_of(supervisor, mark)
    assert len(groups) == 2
    supervisor.send_signal(number)
    assert supervisor.wait(15) == 0
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and not all(group_is_empty(group) for group in groups):
        time.sleep(0.05)
    assert all(group_is_empty(group) for group in groups)
    supervisor.stdout.close()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="counts processes by /proc")
def test_when_one_dies_the_other_is_stopped():
    """A poller that ends by itself takes the dashboard with it; the supervisor says which died and ends with 1."""
    mark = f"vedette-test-{os.getpid()}-dies"
    supervisor = started("import time; time.sleep(1.5); raise SystemExit(7)", a_port(), mark)
    said = supervisor.stdout.read()
    supervisor.stdout.close()
    assert supervisor.wait(15) == 1
    assert "the poller stopped by itself with exit code 7" in said
    assert processes_with(mark) == []


def test_a_port_in_use_is_one_clear_line():
    """Somebody else's port is named before anything is started, with the way out."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(service.CannotRun, match=f"port {port} on 127.0.0.1: .*--port"):
            service.free_port("127.0.0.1", port)


def test_the_page_server_sends_nothing_anywhere():
    """The dashboard's command line turns usage statistics off, whatever the working directory."""
    command = service.dashboard_command(Path("dashboard.py"), host="127.0.0.1", port=8501)
    assert command[command.index("--browser.gatherUsageStats") + 1] == "false"
    assert command[command.index("--server.address") + 1] == "127.0.0.1"
