"""What one installation decides for itself: one TOML file and the environment, checked whole at the door.

Precedence, strongest first: the command line, `VEDETTE_*` variables, the file, the defaults. The file is the one named
with `--config`, else by `VEDETTE_CONFIG`, else `vedette.toml` in the user's configuration folder where there is one.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit

import platformdirs
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)

from indicators.model.alert import Subscriber
from indicators.model.level import Level, Thresholds

APPLICATION = "vedette"
FILE_NAME = "vedette.toml"
FEEDS_FILE_NAME = "feeds.yaml"
DEFAULT_PORTS = {"none": 25, "starttls": 587, "tls": 465}

ENVIRONMENT: Mapping[str, tuple[str, ...]] = {
    "VEDETTE_DB": ("database", "url"),
    "VEDETTE_PROBLEM": ("problem",),
    "VEDETTE_ALLOW_HOSTS": ("feeds", "allow_hosts"),
    "VEDETTE_USER_AGENT": ("feeds", "user_agent"),
    "VEDETTE_FEEDS": ("feeds", "overlay"),
    "VEDETTE_CATALOGUE": ("catalogue", "overlay"),
    "VEDETTE_TICK": ("poller", "tick"),
    "VEDETTE_SMTP_HOST": ("mail", "host"),
    "VEDETTE_SMTP_PORT": ("mail", "port"),
    "VEDETTE_SMTP_SECURITY": ("mail", "security"),
    "VEDETTE_SMTP_USERNAME": ("mail", "username"),
    "VEDETTE_SMTP_PASSWORD": ("mail", "password"),
    "VEDETTE_SMTP_SENDER": ("mail", "sender"),
    "VEDETTE_SMTP_CA_FILE": ("mail", "ca_file"),
    "VEDETTE_HOST": ("dashboard", "host"),
    "VEDETTE_PORT": ("dashboard", "port"),
    "VEDETTE_PUBLIC_URL": ("dashboard", "public_url"),
}
"""Which variable speaks for which key. `VEDETTE_CONFIG` names the file itself."""

SECRET_KEYS = frozenset({"mail.password", "database.url"})
"""Never shown in a message, even when the value is what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsProblem:
    """One thing wrong with the settings: where, which key, what stands there, what to do."""

    where: str
    """File and line, or the environment variable."""
    key: str
    value: str
    remedy: str

    def __str__(self) -> str:
        shown = f" {self.value}" if self.value else ""
        return f"{self.where}: {self.key}:{shown} {self.remedy}" if self.key else f"{self.where}:{shown} {self.remedy}"


class SettingsProblems(Exception):
    """Everything wrong with the settings, reported at once."""

    def __init__(self, problems: Sequence[SettingsProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


_SPAN = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(s|m|h|d|w)\s*")
_SPAN_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def span(value: object) -> timedelta:
    """A span of time as people write it: '30s', '5m', '12h', '3d', '2w'."""
    if isinstance(value, timedelta):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        raise ValueError("has no unit; write it as text with one, as in '30s', '5m', '12h', '3d'")  # noqa: TRY004
    matched = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if matched is None:
        if isinstance(value, str) and value.strip().isdigit():
            raise ValueError(f"has no unit; write '{value.strip()}m' or '{value.strip()}h'")
        raise ValueError("is no span of time; write a number and a unit, as in '30s', '5m', '12h', '3d'")
    return timedelta(**{_SPAN_UNITS[matched[2]]: float(matched[1])})


def _positive(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError("must be longer than nothing")
    return value


_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")


def _address(value: str) -> str:
    if not _ADDRESS.fullmatch(value):
        raise ValueError("is no mail address; write it as 'officer@example.org', without a name or brackets")
    return value


def _listed(value: object) -> object:
    """A list given as one comma-separated text, as environment variables must."""
    if isinstance(value, str):
        return [part for part in (piece.strip() for piece in value.split(",")) if part]
    return value


def _host_or_network(value: str) -> str:
    if "/" in value and not value.startswith("["):
        try:
            ipaddress.ip_network(value, strict=False)
        except ValueError:
            raise ValueError(
                "is no host name, address or network; write 'feeds.intranet.example' or '10.1.0.0/16'"
            ) from None
    elif not value or any(character.isspace() or character in "@?#" for character in value):
        raise ValueError("is no host name, address or network; write 'feeds.intranet.example' or '10.1.0.0/16'")
    return value


def _web_address(value: str) -> str:
    if not value:
        return value
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError("is no web address; write it as 'https://vedette.example.org'")
    return value.rstrip("/")


def _database_url(value: str) -> str:
    if not value.startswith(("sqlite://", "postgresql://", "postgresql+psycopg://")):
        raise ValueError(
            "is no database address Vedette knows; write 'sqlite:////var/lib/vedette/vedette.db' "
            "or 'postgresql://user@host/vedette'"
        )
    return value


def _known_folder(value: Path | None) -> Path | None:
    if value is not None and not value.expanduser().exists():
        raise ValueError("does not exist; create it or correct the path")
    return value.expanduser() if value is not None else None


def _level(value: object) -> object:
    if isinstance(value, Level):
        return value
    if isinstance(value, str) and value.strip().upper() in Level.__members__:
        return Level[value.strip().upper()]
    raise ValueError("is no level; write one of " + ", ".join(level.word for level in Level if level))


def _one_line(value: str) -> str:
    if any(ord(character) < 32 or ord(character) == 127 for character in value):
        raise ValueError("has a line break or another control character in it; write it on one line")
    return value


Span = Annotated[timedelta, BeforeValidator(span), AfterValidator(_positive)]
MailAddress = Annotated[str, AfterValidator(_address)]
Line = Annotated[str, AfterValidator(_one_line)]
Port = Annotated[int, Field(ge=0, le=65535)]
Existing = Annotated[Path | None, AfterValidator(_known_folder)]
Security = Literal["none", "starttls", "tls"]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _default_database() -> str:
    return f"sqlite:///{platformdirs.user_data_path(APPLICATION, appauthor=False) / 'vedette.db'}"


class DatabaseSettings(_Section):
    """Where state is kept."""

    url: Annotated[str, AfterValidator(_database_url)] = Field(default_factory=_default_database, repr=False)

    @property
    def shown(self) -> str:
        """The address without its password, for people and logs."""
        parts = urlsplit(self.url)
        if parts.password is None:
            return self.url
        return self.url.replace(f":{parts.password}@", ":***@", 1)


class FeedSettings(_Section):
    """How sources are polled."""

    allow_hosts: Annotated[tuple[Annotated[str, AfterValidator(_host_or_network)], ...], BeforeValidator(_listed)] = ()
    """Non-public hosts or networks that may be polled all the same: intranet feeds, a loopback replay."""
    user_agent: Line = "Vedette/0.1 (+indications and warning; contact your operator)"
    overlay: Existing = None
    """A folder or file of feed YAML read after the shipped one; an entry with a known id replaces it."""


class CatalogueSettings(_Section):
    """Whose knowledge is laid over the shipped catalogue."""

    overlay: Existing = None


class PollerSettings(_Section):
    """The rhythm of the poller."""

    tick: Span = timedelta(seconds=15)


class MailSettings(_Section):
    """How mail leaves. Without a host nothing is mailed, and the Alerts page says so."""

    host: Line = ""
    port: Port = 0
    """0 means the usual one: 25 for none, 587 for starttls, 465 for tls."""
    security: Security = "starttls"
    username: Line = ""
    password: SecretStr = SecretStr("")
    sender: Annotated[str, AfterValidator(_one_line)] = ""
    ca_file: Existing = None
    """Certificates to trust instead of the system's, for a relay with a self-made one."""
    timeout: Span = timedelta(seconds=20)

    @property
    def configured(self) -> bool:
        """Whether mail can leave at all."""
        return bool(self.host)

    @property
    def effective_port(self) -> int:
        """The port given, else the usual one of the security chosen."""
        return self.port or DEFAULT_PORTS[self.security]

    @model_validator(mode="after")
    def _whole(self) -> MailSettings:
        if self.sender:
            _address(self.sender)
        if self.host and not self.sender:
            raise ValueError('has a host and no sender; add sender = "vedette@example.org"')
        if self.username and not self.password.get_secret_value():
            raise ValueError("has a username and no password; set VEDETTE_SMTP_PASSWORD")
        if self.username and self.security == "none" and not _loopback(self.host):
            raise ValueError('would send the password in the clear; write security = "starttls" or "tls"')
        return self


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class SubscriberSettings(_Section):
    """Who gets mail."""

    address: MailAddress
    problem: str = "*"
    minimum: Annotated[Level, BeforeValidator(_level)] = Level.WARNING
    indicators: tuple[str, ...] = ()

    def noun(self) -> Subscriber:
        """The subscriber as the rest of the house knows one."""
        return Subscriber(address=self.address, problem=self.problem, minimum=self.minimum, indicators=self.indicators)


def subscriber_wish(address: str, *, minimum: str, indicators: Sequence[str] = ()) -> SubscriberSettings:
    """What somebody asks for outside the file, checked as the file is; or `SettingsProblems`."""
    try:
        return SubscriberSettings.model_validate({"address": address, "minimum": minimum, "indicators": indicators})
    except ValidationError as error:
        raise SettingsProblems(list(_problems(error, "", "subscriber", {}))) from None


class DashboardSettings(_Section):
    """Where the pages are served, and under which address people reach them."""

    host: Line = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8501
    public_url: Annotated[str, AfterValidator(_web_address)] = ""

    @property
    def link(self) -> str:
        """The address that mails point at, without a closing slash."""
        if self.public_url:
            return self.public_url
        host = "127.0.0.1" if self.host in ("", "0.0.0.0", "::") else self.host  # noqa: S104 -- compared, not bound
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


class ThresholdSettings(_Section):
    """A deployment's own defaults for one indicator; what is left out stays as the catalogue has it."""

    watch: Annotated[int, Field(ge=1)] | None = None
    warning: Annotated[int, Field(ge=1)] | None = None
    critical: Annotated[int, Field(ge=1)] | None = None
    within: Span | None = None

    @model_validator(mode="after")
    def _rising(self) -> ThresholdSettings:
        given = [limit for limit in (self.watch, self.warning, self.critical) if limit is not None]
        if given != sorted(given):
            raise ValueError("must rise from watch over warning to critical; order the three numbers")
        return self

    def over(self, default: Thresholds) -> Thresholds:
        """`default` with the numbers given here, kept rising."""
        watch = default.watch if self.watch is None else self.watch
        warning = max(watch, default.warning) if self.warning is None else self.warning
        critical = max(warning, default.critical) if self.critical is None else self.critical
        # A lone new limit pulls its neighbours along: "warning at 1" cannot leave watch at 2.
        return Thresholds(
            watch=min(watch, warning, critical),
            warning=min(warning, critical),
            critical=critical,
            within=default.within if self.within is None else self.within,
        )


def _default_problem() -> str:
    """The first problem the shipped data holds; most installations have one."""
    try:
        problems = data_folder() / "problems"
    except FileNotFoundError:
        return ""
    return next((path.parent.name for path in sorted(problems.glob("*/problem.yaml"))), "")


class Settings(_Section):
    """The settings of one installation."""

    problem: Line = Field(default_factory=_default_problem)
    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    feeds: FeedSettings = Field(default_factory=FeedSettings)
    catalogue: CatalogueSettings = Field(default_factory=CatalogueSettings)
    poller: PollerSettings = Field(default_factory=PollerSettings)
    mail: MailSettings = Field(default_factory=MailSettings)
    subscribers: tuple[SubscriberSettings, ...] = ()
    dashboard: DashboardSettings = Field(default_factory=DashboardSettings)
    thresholds: Mapping[str, ThresholdSettings] = Field(default_factory=dict)

    @property
    def configured_subscribers(self) -> tuple[Subscriber, ...]:
        """The subscribers of the file; those added on the page or the command line are state, in the database."""
        return tuple(entry.noun() for entry in self.subscribers)

    def deployment_thresholds(self, catalogue: Mapping[str, Thresholds]) -> dict[str, Thresholds]:
        """This deployment's thresholds for those indicators of `catalogue` it speaks of."""
        return {
            indicator: own.over(catalogue[indicator])
            for indicator, own in self.thresholds.items()
            if indicator in catalogue
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedSettings:
    """The settings and where they came from, for `vedette doctor` and the start-up line."""

    settings: Settings
    file: Path | None
    variables: tuple[str, ...] = field(default=())


def config_file(named: Path | str | None, environment: Mapping[str, str]) -> Path | None:
    """The settings file in force: the one named, else `VEDETTE_CONFIG`, else the user's own where there is one."""
    if named:
        return Path(named).expanduser()
    if environment.get("VEDETTE_CONFIG"):
        return Path(environment["VEDETTE_CONFIG"]).expanduser()
    own = platformdirs.user_config_path(APPLICATION, appauthor=False) / FILE_NAME
    return own if own.is_file() else None


def own_feeds_file() -> Path:
    """Where sources are added when the settings name no overlay: the user's own, whether it is there yet or not."""
    return platformdirs.user_config_path(APPLICATION, appauthor=False) / FEEDS_FILE_NAME


def feeds_overlay(settings: Settings) -> Path | None:
    """What is laid over the shipped sources: the overlay of the settings, else the user's own file where it is."""
    return settings.feeds.overlay or (own_feeds_file() if own_feeds_file().is_file() else None)


def load_settings(
    config: Path | str | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    db: str | None = None,
    problem: str | None = None,
) -> Settings:
    """The settings in force, or `SettingsProblems` naming everything wrong with them at once."""
    return read_settings(config, environment=environment, db=db, problem=problem).settings


def read_settings(
    config: Path | str | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    db: str | None = None,
    problem: str | None = None,
) -> LoadedSettings:
    """As `load_settings`, with the file and the variables that had a say."""
    environment = os.environ if environment is None else environment
    file = config_file(config, environment)
    text = _read(file) if file is not None else ""
    given = _parsed(text, str(file))
    spoken: dict[tuple[str, ...], str] = {}
    found = list(_misspelt(environment))
    for variable, path in ENVIRONMENT.items():
        if environment.get(variable):
            _put(given, path, environment[variable])
            spoken[path] = variable
    for option, path, value in (("--db", ("database", "url"), db), ("--problem", ("problem",), problem)):
        if value:
            _put(given, path, value)
            spoken[path] = option
    try:
        settings = Settings.model_validate(given)
    except ValidationError as error:
        found += _problems(error, text, str(file or "settings"), spoken)
        settings = None
    if found or settings is None:
        raise SettingsProblems(found)
    return LoadedSettings(settings=settings, file=file, variables=tuple(v for v in ENVIRONMENT if environment.get(v)))


def data_folder(package: Path | None = None) -> Path:
    """The shipped data: inside an installed wheel, else beside the package in a checkout."""
    return _shipped("data", package)


def dashboard_file(package: Path | None = None) -> Path:
    """The script that `streamlit run` is given, wherever the product is installed."""
    return _shipped("dashboard.py", package)


def _shipped(name: str, package: Path | None) -> Path:
    package = Path(__file__).resolve().parent if package is None else package
    checkout = package.parent
    if (package / "shipped" / name).exists():
        return package / "shipped" / name
    # An installed package's parent is site-packages, where a stranger's `data` may lie: only a checkout has this file.
    if (checkout / "pyproject.toml").is_file() and (checkout / name).exists():
        return checkout / name
    raise FileNotFoundError(
        f"{name}: found neither in {package / 'shipped'} nor in {checkout}; install Vedette again, whole"
    )


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        remedy = "there is no such file; correct --config or VEDETTE_CONFIG, or write one"
    except UnicodeDecodeError as error:
        remedy = f"is not UTF-8 text (byte {error.start}); save it as UTF-8"
    except OSError as error:
        remedy = f"cannot be read: {error.strerror}; correct the path or its permissions"
    raise SettingsProblems([SettingsProblem(where=str(file), key="", value="", remedy=remedy)])


def _parsed(text: str, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        # "At end of document" names no line: it is the last one.
        where = f"{where}:{line[1] if line else max(1, len(text.splitlines()))}"
        reason = re.sub(r"\s*\(at .*\)$", "", str(error))
        remedy = f'is not TOML: {reason}; text stands in quotes, as in host = "mail.example.org"'
        raise SettingsProblems([SettingsProblem(where=where, key="", value="", remedy=remedy)]) from None


def _put(into: dict[str, Any], path: tuple[str, ...], value: str) -> None:
    for step in path[:-1]:
        held = into.setdefault(step, {})
        if not isinstance(held, dict):
            return  # the file has a value where a table belongs; validation says so
        into = held
    into[path[-1]] = value


def _misspelt(environment: Mapping[str, str]) -> Iterator[SettingsProblem]:
    """A variable one slip away from a known one: ignoring it would leave, say, a password unset without a word."""
    known = [*ENVIRONMENT, "VEDETTE_CONFIG"]
    for variable in sorted(environment):
        if not variable.startswith("VEDETTE_") or variable in known:
            continue
        close = difflib.get_close_matches(variable, known, n=1, cutoff=0.88)
        if close:
            remedy = f"is no setting; did you mean {close[0]}?"
            yield SettingsProblem(where="environment", key=variable, value="", remedy=remedy)


def _problems(
    error: ValidationError, text: str, file: str, spoken: Mapping[tuple[str, ...], str]
) -> Iterator[SettingsProblem]:
    for fault in error.errors(include_url=False):
        path = tuple(fault["loc"])
        named = tuple(step for step in path if isinstance(step, str))
        key = _key(path)
        where = next((name for at, name in spoken.items() if named[: len(at)] == at), None)
        if where is None:
            line = _line(text, path)
            where = f"{file}:{line}" if line else file
        shown = fault["input"]
        secret = key in SECRET_KEYS or isinstance(shown, (dict, SecretStr, BaseModel))
        value = "" if secret or fault["type"] in ("missing", "extra_forbidden") else repr(shown)
        yield SettingsProblem(where=where, key=key, value=value, remedy=_remedy(fault, path))


def _key(path: tuple[int | str, ...]) -> str:
    key = ""
    for step in path:
        key += f"[{step}]" if isinstance(step, int) else f".{step}" if key else step
    return key


def _remedy(fault: Any, path: tuple[int | str, ...]) -> str:
    kind = fault["type"]
    if kind == "extra_forbidden":
        known = _known_keys(path[:-1])
        close = difflib.get_close_matches(str(path[-1]), known, n=1)
        return f"unknown key; did you mean '{close[0]}'?" if close else f"unknown key; known are {', '.join(known)}"
    if kind == "missing":
        return "is missing; add it"
    if kind == "literal_error":
        return "is not one of the choices; write " + str(fault["ctx"]["expected"]).replace("'", '"')
    if kind == "value_error":
        return str(fault["ctx"]["error"])
    message = str(fault["msg"]).removeprefix("Input ").removeprefix("Value error, ")
    return f"{message}; correct it"


def _known_keys(path: tuple[int | str, ...]) -> list[str]:
    model: type[BaseModel] = Settings
    for step in path:
        if isinstance(step, int) or step not in model.model_fields:
            continue
        inner = _section_of(model.model_fields[step].annotation)
        if inner is None:
            return []
        model = inner
    return list(model.model_fields)


def _section_of(annotation: Any) -> type[BaseModel] | None:
    """The section an annotation holds, directly or inside a tuple or mapping."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((section for inner in get_args(annotation) if (section := _section_of(inner)) is not None), None)


def documented_keys() -> list[str]:
    """Every key a settings file may hold, in order; the handbook must have them all."""
    return list(_keys_of(Settings, ""))


def _keys_of(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, entry in model.model_fields.items():
        inner = _section_of(entry.annotation)
        if inner is None:
            yield f"{prefix}{name}"
        elif inner is SubscriberSettings:
            yield from _keys_of(inner, f"{prefix}{name}[].")
        elif inner is ThresholdSettings:
            yield from _keys_of(inner, f"{prefix}{name}.<indicator>.")
        else:
            yield from _keys_of(inner, f"{prefix}{name}.")


def _line(text: str, path: tuple[int | str, ...]) -> int | None:
    """The line of a TOML text where `path` is written, as well as headers and keys tell; None where they do not."""
    table: list[int | str] = []
    arrays: dict[str, int] = {}
    best: int | None = None
    longest = 0
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[\[\s*([\w.\-]+)\s*\]\]", line):
            arrays[header[1]] = arrays.get(header[1], -1) + 1
            table = [*header[1].split("."), arrays[header[1]]]
            here = table
        elif header := re.match(r"\s*\[\s*([\w.\-]+)\s*\]", line):
            table = list(header[1].split("."))
            here = table
        elif entry := re.match(r"\s*([\w.\-]+)\s*=", line):
            here = [*table, *entry[1].split(".")]
        else:
            continue
        if list(path[: len(here)]) == here and len(here) > longest:
            best, longest = number, len(here)
    return best
