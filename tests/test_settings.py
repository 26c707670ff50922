"""The settings door: one file and the environment, every fault at once."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators import settings as door
from indicators.model.level import Level, Thresholds
from indicators.settings import SettingsProblems, ThresholdSettings, load_settings, read_settings, span

CHECKOUT = Path(__file__).resolve().parent.parent
NOTHING: dict[str, str] = {}


def a_file(folder: Path, text: str) -> Path:
    """A settings file with this text."""
    file = folder / "vedette.toml"
    file.write_text(text, encoding="utf-8")
    return file


def problems_of(folder: Path, text: str, environment: dict[str, str] | None = None) -> list[str]:
    """What is said about a settings file with this text, line by line."""
    with pytest.raises(SettingsProblems) as caught:
        load_settings(a_file(folder, text), environment=environment or NOTHING)
    return [str(problem).removeprefix(str(folder) + "/") for problem in caught.value.problems]


def test_an_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    """Nothing has to be set: pages on this machine, no mail, an embedded database."""
    settings = load_settings(a_file(tmp_path, ""), environment=NOTHING)
    assert settings.dashboard.host == "127.0.0.1"
    assert settings.dashboard.link == "http://127.0.0.1:8501"
    assert not settings.mail.configured
    assert settings.database.url.startswith("sqlite:///")
    assert settings.poller.tick == timedelta(seconds=15)


def test_every_problem_is_reported_at_once(tmp_path: Path) -> None:
    """One look at the message mends the file: each fault has its line, key, value and remedy."""
    found = problems_of(
        tmp_path,
        """
[mail]
host = "mail.example.org"
sender = "vedette@example.org"
port = 99999
securty = "tls"

[poller]
tick = 5

[[subscribers]]
address = "officer@example.org"
[[subscribers]]
address = "not an address"
minimum = "loud"

[thresholds.drills]
watch = 5
warning = 3
""",
    )
    assert found == [
        "vedette.toml:9: poller.tick: 5 has no unit; write it as text with one, as in '30s', '5m', '12h', '3d'",
        "vedette.toml:5: mail.port: 99999 should be less than or equal to 65535; correct it",
        "vedette.toml:6: mail.securty: unknown key; did you mean 'security'?",
        "vedette.toml:14: subscribers[1].address: 'not an address' is no mail address; "
        "write it as 'officer@example.org', without a name or brackets",
        "vedette.toml:15: subscribers[1].minimum: 'loud' is no level; write one of watch, warning, critical",
        "vedette.toml:17: thresholds.drills: must rise from watch over warning to critical; order the three numbers",
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("colour = 1", "vedette.toml:1: colour: unknown key; known are problem, database,"),
        ("[mial]\nhost = 'x'", "vedette.toml:1: mial: unknown key; did you mean 'mail'?"),
        ("[mail\nhost = 1", "vedette.toml:1: is not TOML:"),
        ("mail = 3", "vedette.toml:1: mail:"),
        ("[database]\nurl = 'mysql://x'", "vedette.toml:2: database.url: is no database address Vedette knows"),
        ("[mail]\nhost = 'm'", "vedette.toml:1: mail: has a host and no sender"),
        ('[mail]\nsender = "a@b.c\\nBcc: x@y.z"', "vedette.toml:2: mail.sender:"),
        ("[mail]\nusername = 'u'", "vedette.toml:1: mail: has a username and no password; set VEDETTE_SMTP_PASSWORD"),
        (
            "[mail]\nhost='m.example.org'\nsender='a@b.c'\nsecurity='none'\nusername='u'\npassword='p'",
            "vedette.toml:1: mail: would send the password in the clear",
        ),
        ("[mail]\nsecurity = 'ssl'", "vedette.toml:2: mail.security: 'ssl' is not one of the choices"),
        ("[mail]\nca_file = '/nowhere/ca.pem'", "vedette.toml:2: mail.ca_file: "),
        ("[feeds]\nallow_hosts = ['10.0.0.0/99']", "vedette.toml:2: feeds.allow_hosts[0]: '10.0.0.0/99' is no host"),
        (
            "[dashboard]\npublic_url = 'vedette.example'",
            "vedette.toml:2: dashboard.public_url: 'vedette.example' is no",
        ),
        ("[dashboard]\nport = 'many'", "vedette.toml:2: dashboard.port: 'many' should be a valid integer"),
        ("[poller]\ntick = '5'", "vedette.toml:2: poller.tick: '5' has no unit; write '5m' or '5h'"),
        ("[poller]\ntick = '0s'", "vedette.toml:2: poller.tick: '0s' must be longer than nothing"),
        ("[thresholds.drills]\nwatch = 0", "vedette.toml:2: thresholds.drills.watch: 0 "),
    ],
)
def test_a_fault_gets_one_clear_line(tmp_path: Path, text: str, line: str) -> None:
    """A fault names the thing, the value and the remedy on one line, without a traceback."""
    found = problems_of(tmp_path, text)
    assert len(found) == 1
    assert found[0].startswith(line)
    assert "\n" not in found[0]


def test_a_missing_or_unreadable_file_is_one_line(tmp_path: Path) -> None:
    """A file named and absent is a fault, not a silent fall back to the defaults."""
    with pytest.raises(SettingsProblems, match="there is no such file"):
        load_settings(tmp_path / "absent.toml", environment=NOTHING)
    with pytest.raises(SettingsProblems, match="cannot be read"):
        load_settings(tmp_path, environment=NOTHING)
    (tmp_path / "latin.toml").write_bytes("problem = 'Łódź'".encode("utf-16"))
    with pytest.raises(SettingsProblems, match="is not UTF-8"):
        load_settings(tmp_path / "latin.toml", environment=NOTHING)


def test_the_environment_goes_before_the_file_and_the_command_line_before_both(tmp_path: Path) -> None:
    """What stands nearer to the person who starts the program wins."""
    file = a_file(tmp_path, "problem = 'one'\n[dashboard]\nport = 9000\n[database]\nurl = 'sqlite:///a.db'")
    environment = {"VEDETTE_CONFIG": str(file), "VEDETTE_PORT": "9001", "VEDETTE_DB": "sqlite:///b.db"}
    loaded = read_settings(environment=environment, db="sqlite:///c.db", problem="two")
    assert loaded.settings.dashboard.port == 9001
    assert loaded.settings.database.url == "sqlite:///c.db"
    assert loaded.settings.problem == "two"
    assert loaded.file == file
    assert loaded.variables == ("VEDETTE_DB", "VEDETTE_PORT")


def test_a_fault_in_a_variable_names_the_variable(tmp_path: Path) -> None:
    """An operator looks where the fault is: in the environment, not in the file."""
    found = problems_of(tmp_path, "", {"VEDETTE_PORT": "ninety", "VEDETTE_SMPT_PASSWORD": "geheim"})
    assert found[0] == "environment: VEDETTE_SMPT_PASSWORD: is no setting; did you mean VEDETTE_SMTP_PASSWORD?"
    assert found[1].startswith("VEDETTE_PORT: dashboard.port: 'ninety' should be a valid integer")
    assert not any("geheim" in line for line in found)


def test_other_variables_of_ours_are_left_alone() -> None:
    """Test and start-up variables with the same beginning are no settings and no fault."""
    load_settings(environment={"VEDETTE_TEST_POSTGRES": "x", "VEDETTE_BENCH": "full"})


def test_hosts_from_the_environment_are_a_comma_separated_list() -> None:
    """`VEDETTE_ALLOW_HOSTS` holds several hosts and networks in one text."""
    settings = load_settings(environment={"VEDETTE_ALLOW_HOSTS": " 127.0.0.1, 10.0.0.0/8 ,feeds.example "})
    assert settings.feeds.allow_hosts == ("127.0.0.1", "10.0.0.0/8", "feeds.example")


def test_secrets_are_never_shown(tmp_path: Path) -> None:
    """No print, log or error carries a password."""
    settings = load_settings(
        a_file(tmp_path, "[mail]\nhost='localhost'\nsender='a@b.c'\nusername='u'\nsecurity='tls'"),
        environment={
            "VEDETTE_SMTP_PASSWORD": "geheim",
            "VEDETTE_DB": "postgresql://vedette:verborgen@db.example/vedette",
        },
    )
    assert settings.mail.password.get_secret_value() == "geheim"
    shown = f"{settings!r} {settings} {settings.model_dump_json()} {settings.database.shown}"
    assert "geheim" not in shown
    assert "verborgen" not in repr(settings) + str(settings) + settings.database.shown
    found = problems_of(tmp_path, "", {"VEDETTE_DB": "mysql://root:verborgen@db/x", "VEDETTE_SMTP_PASSWORD": "geheim"})
    assert not any("geheim" in line or "verborgen" in line for line in found)


def test_the_usual_port_follows_the_security() -> None:
    """An officer who writes only `security` gets the port that goes with it."""
    for security, port in (("none", 25), ("starttls", 587), ("tls", 465)):
        settings = load_settings(environment={"VEDETTE_SMTP_SECURITY": security})
        assert settings.mail.effective_port == port


def test_deployment_thresholds_lie_over_the_catalogue(tmp_path: Path) -> None:
    """A file that names one limit leaves the others as the catalogue has them, still rising."""
    text = "[thresholds.drills]\nwarning = 7\nwithin = '7d'\n[thresholds.unknown]\nwatch = 1"
    settings = load_settings(a_file(tmp_path, text), environment=NOTHING)
    assert settings.deployment_thresholds({"drills": Thresholds(), "other": Thresholds()}) == {
        "drills": Thresholds(watch=2, warning=7, critical=7, within=timedelta(days=7))
    }


@given(
    st.lists(st.integers(1, 50), min_size=3, max_size=3).map(sorted),
    st.lists(st.integers(1, 50), min_size=3, max_size=3).map(sorted),
    st.lists(st.booleans(), min_size=3, max_size=3),
)
def test_partial_thresholds_always_rise(default: list[int], own: list[int], given_: list[bool]) -> None:
    """Whatever a deployment leaves out, the three limits in force rise, and what it gave stands as given."""
    watch, warning, critical = default
    chosen = [limit if there else None for limit, there in zip(own, given_, strict=True)]
    effective = ThresholdSettings(watch=chosen[0], warning=chosen[1], critical=chosen[2]).over(
        Thresholds(watch=watch, warning=warning, critical=critical)
    )
    assert effective.watch <= effective.warning <= effective.critical
    for limit, held in zip(chosen, (effective.watch, effective.warning, effective.critical), strict=True):
        assert limit is None or limit == held


def test_subscribers_of_the_file(tmp_path: Path) -> None:
    """A subscriber in the file becomes the noun that the alerts room knows."""
    text = "[[subscribers]]\naddress='o@example.org'\nminimum='critical'\nindicators=['drills']"
    (subscriber,) = load_settings(a_file(tmp_path, text), environment=NOTHING).configured_subscribers
    assert subscriber.minimum is Level.CRITICAL
    assert subscriber.problem == "*"
    assert subscriber.indicators == ("drills",)


@given(st.integers(1, 10_000), st.sampled_from("smhdw"))
def test_spans_are_read_as_written(number: int, unit: str) -> None:
    """A number and a unit mean what they say."""
    seconds = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}[unit]
    assert span(f"{number}{unit}") == span(f" {number} {unit} ") == timedelta(seconds=number * seconds)


@given(st.text(max_size=12))
def test_no_text_breaks_the_span_reader(text: str) -> None:
    """Any text is a span or one clear refusal."""
    try:
        read = span(text)
    except ValueError as error:
        refusal = str(error)
    else:
        assert read >= timedelta(0)
        return
    assert "write" in refusal


def test_the_handbook_documents_every_key_and_variable() -> None:
    """An operator finds each setting in the handbook and in the example, and nothing that does not exist."""
    handbook = (CHECKOUT / "data" / "handbook" / "settings.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \|([^|]*)\|", handbook, re.MULTILINE)
    assert sorted(key for key, _ in rows) == sorted(door.documented_keys())
    documented = set(re.findall(r"`(VEDETTE_\w+)`", " ".join(cell for _, cell in rows)))
    assert documented == set(door.ENVIRONMENT)


def test_the_example_file_holds_every_key_and_loads(tmp_path: Path) -> None:
    """The example is a working file, as it stands and with every comment taken off."""
    text = (CHECKOUT / "data" / "vedette.example.toml").read_text(encoding="utf-8")
    load_settings(a_file(tmp_path, text), environment=NOTHING)
    bare = re.sub(r"^# (?=\[|[a-z_]+ = )", "", text, flags=re.MULTILINE)
    bare = re.sub(r'^url = "postgres.*$', "", bare, flags=re.MULTILINE)
    bare = re.sub(r'"/etc/vedette/[^"]*"', f'"{tmp_path}"', bare)
    bare = bare.replace('password = ""', 'password = "x"')
    settings = load_settings(a_file(tmp_path, bare), environment=NOTHING)
    for key in door.documented_keys():
        held: object = settings
        for step in key.replace("[]", "").replace("<indicator>", "equipment_moves").split("."):
            held = held[step] if isinstance(held, dict) else getattr(held, step)
            held = held[0] if step == "subscribers" else held
            if hasattr(held, "model_fields_set"):
                assert held.model_fields_set, key
    assert settings.mail.model_fields_set >= {"host", "ca_file", "timeout"}


@pytest.mark.parametrize("name", ["data", "dashboard.py"])
def test_shipped_files_are_found_in_a_wheel_and_in_a_checkout(tmp_path: Path, name: str) -> None:
    """The same call finds what ships, from a wheel and from a checkout, and never a stranger's folder."""
    find = door.data_folder if name == "data" else door.dashboard_file
    package = tmp_path / "site-packages" / "indicators"
    package.mkdir(parents=True)
    (package.parent / name).mkdir()
    with pytest.raises(FileNotFoundError, match="install Vedette again"):
        find(package)
    (package.parent / "pyproject.toml").touch()
    assert find(package) == package.parent / name
    (package / "shipped" / name).mkdir(parents=True)
    assert find(package) == package / "shipped" / name


def test_the_shipped_data_of_this_very_installation_is_found() -> None:
    """The tests run against a checkout; its data folder is the one in force."""
    assert (door.data_folder() / "handbook" / "settings.md").is_file()
