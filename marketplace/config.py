"""Every setting: its name, its default and why. Read once from the environment, then frozen."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
PASSWORD_COSTS = ("strong", "cheap")
# Set by pytest for as long as a test runs, and for the programs that a test starts.
TEST_RUN = "PYTEST_CURRENT_TEST"
SEARCH_ENGINES = ("whoosh", "tantivy", "postgresql")


def _setting(default: object, why: str, variable: str = "", is_secret: bool = False) -> object:
    """`is_secret` keeps the value out of the settings' text, and so out of logs and of reports of faults."""
    return field(default=default, repr=not is_secret, metadata={"why": why, "variable": variable})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One running copy's settings. Variables are MARKETPLACE_<NAME>, except DATABASE_URL and PORT."""

    home: Path = _setting(CHECKOUT / "var", "the folder that keeps database, index, files and keys")  # type: ignore[assignment]
    database_url: str = _setting("", "where the rows live; empty means SQLite under home", "DATABASE_URL")  # type: ignore[assignment]
    port: int = _setting(8000, "the first port that `run` tries on 127.0.0.1", "PORT")  # type: ignore[assignment]
    service_name: str = _setting("Market Cross", "the name in headers, titles and mails")  # type: ignore[assignment]
    public_url: str = _setting("", "the address that mails and feeds name; empty means the one being served")  # type: ignore[assignment]
    demonstration: bool = _setting(False, "shows the demonstration banner and the outbox page")  # type: ignore[assignment]
    ocid_prefix: str = _setting(
        "", "our registered OCDS prefix (ocds-xxxxxx); empty gives out no open contracting data"
    )  # type: ignore[assignment]
    https: bool = _setting(False, "the service is reached by https: secure cookies and HSTS")  # type: ignore[assignment]
    secret_key: str = _setting("", "signs sessions; empty means a key made once under home/keys", is_secret=True)  # type: ignore[assignment]
    search_engine: str = _setting("whoosh", "the full-text engine: whoosh, tantivy or postgresql")  # type: ignore[assignment]
    search_vectors: bool = _setting(False, "adds closeness of meaning to matching; needs `make install-vectors`")  # type: ignore[assignment]
    mail_from: str = _setting("no-reply@market-cross.example", "the sender of mails")  # type: ignore[assignment]
    smtp_url: str = _setting("", "smtp://user:password@host:port; empty keeps mails in the outbox page only", is_secret=True)  # type: ignore[assignment]
    web_workers: int = _setting(2, "web processes that `run` starts")  # type: ignore[assignment]
    receipt_header: str = _setting(
        "", "the header in which a trusted proxy names the time of receipt (nginx's $msec); empty believes none"
    )  # type: ignore[assignment]
    proxy_addresses: str = _setting(
        "", "addresses or networks of proxies that are believed, parted by commas; a local socket always is"
    )  # type: ignore[assignment]
    max_upload_megabytes: int = _setting(20, "largest single file, in megabytes")  # type: ignore[assignment]
    max_firm_megabytes: int = _setting(2000, "what all files of one firm's drafts may come to, in megabytes")  # type: ignore[assignment]
    upload_keep_hours: int = _setting(48, "how long a file that was not sent to its end is kept")  # type: ignore[assignment]
    scanner: str = _setting("", "a virus scanner: clamd://host:port or clamd:///path/of/its/socket; empty checks nothing")  # type: ignore[assignment]
    password_cost: str = _setting("strong", "argon2id cost of passwords and passphrases: strong, or cheap for tests")  # type: ignore[assignment]
    recovery_required_from: str = _setting(
        "", "the day (2027-04-01) from which a need is published only with a council's recovery key; empty only warns"
    )  # type: ignore[assignment]
    worker_pause_seconds: float = _setting(0.5, "how long an idle worker waits before it looks again")  # type: ignore[assignment]
    failpoint: str = _setting("", "only for tests: the named point at which a process kills itself")  # type: ignore[assignment]
    trace_days: int = _setting(1200, "days for which the trace of bidders' requests is kept: three years and a quarter")  # type: ignore[assignment]
    watch_url: str = _setting("", "where a worker asks whether the web answers; `run` names its own, empty watches none")  # type: ignore[assignment]
    stripe_secret_key: str = _setting("", "Stripe's key, sk_test_… or sk_live_…; empty only records payments, and pays none by card", is_secret=True)  # type: ignore[assignment]
    stripe_webhook_secret: str = _setting("", "checks that events of our own Stripe account are Stripe's: whsec_…", is_secret=True)  # type: ignore[assignment]
    stripe_connect_webhook_secret: str = _setting("", "the same for events of suppliers' own accounts: whsec_…", is_secret=True)  # type: ignore[assignment]
    stripe_api: str = _setting("https://api.stripe.com", "where Stripe's API answers; another address only for tests")  # type: ignore[assignment]
    outage_seconds: int = _setting(60, "away for longer than this, web, worker or database, is an outage on record")  # type: ignore[assignment]

    @property
    def url(self) -> str:
        """The SQLAlchemy address of the database, always naming the psycopg 3 driver for PostgreSQL."""
        if not self.database_url:
            return f"sqlite:///{self.home / 'marketplace.db'}"
        for prefix in ("postgres://", "postgresql://"):
            if self.database_url.startswith(prefix):
                return "postgresql+psycopg://" + self.database_url[len(prefix) :]
        return self.database_url

    @property
    def longest_request(self) -> int:
        """The largest body of a request, in bytes: one file, and the form around it."""
        return (self.max_upload_megabytes + 1) * 1_000_000

    @property
    def is_stripe_live(self) -> bool:
        """Whether the key moves real money; False for a test key, and without one."""
        return self.stripe_secret_key[2:8] == "_live_"

    @property
    def keys_folder(self) -> Path:
        return self.home / "keys"

    @property
    def files_folder(self) -> Path:
        return self.home / "files"

    @property
    def trace_folder(self) -> Path:
        return self.home / "trace"

    @property
    def index_folder(self) -> Path:
        """Every engine has a folder of its own, so that none reads another's files after a switch."""
        return self.home / "index" / self.search_engine


def variable_of(name: str) -> str:
    """The environment variable that sets the named setting."""
    for each in fields(Settings):
        if each.name == name:
            return each.metadata["variable"] or f"MARKETPLACE_{name.upper()}"
    raise KeyError(name)


def load_settings(environ: Mapping[str, str] | None = None, **overrides: object) -> Settings:
    """Settings from the environment; an unreadable or unknown MARKETPLACE_ variable is refused by name."""
    environ = os.environ if environ is None else environ
    known = {variable_of(each.name): each for each in fields(Settings)}
    for name in environ:
        if name.startswith("MARKETPLACE_") and name not in known:
            raise SettingRefused(f"{name} is not a setting. Known ones: {', '.join(sorted(known))}.")
    values: dict[str, object] = {}
    for name, each in known.items():
        text = environ.get(name, "").strip()
        if text:
            values[each.name] = _read(name, text, each.default)
    values.update(overrides)
    settings = Settings(**values)  # type: ignore[arg-type]
    _check_search_engine(settings)
    _check_scanner(settings)
    _check_proxy(settings)
    _check_password_cost(settings, environ)
    _check_day(settings)
    _check_stripe(settings)
    return settings


def _check_stripe(settings: Settings) -> None:
    key, name = settings.stripe_secret_key, variable_of("stripe_secret_key")
    if key and not key.startswith(("sk_test_", "sk_live_", "rk_test_", "rk_live_")):
        raise SettingRefused(
            f"{name} is no secret key of Stripe's: those start with sk_test_ or sk_live_ (or rk_… when restricted). "
            "A publishable key (pk_…) is not needed."
        )
    for each in ("stripe_webhook_secret", "stripe_connect_webhook_secret"):
        secret = getattr(settings, each)
        if secret and not secret.startswith("whsec_"):
            raise SettingRefused(f"{variable_of(each)} is no signing secret of Stripe's: those start with whsec_.")
    if not settings.stripe_api.startswith(("https://", "http://127.0.0.1:")):
        raise SettingRefused(f"{variable_of('stripe_api')} must be an https:// address.")


def _check_day(settings: Settings) -> None:
    name, text = variable_of("recovery_required_from"), settings.recovery_required_from
    try:
        date.fromisoformat(text or "2027-01-01")
    except ValueError:
        raise SettingRefused(f"{name} is {text!r}, which is no day. Write it as 2027-04-01.") from None


def _check_proxy(settings: Settings) -> None:
    if settings.receipt_header and not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", settings.receipt_header):
        raise SettingRefused(
            f"{variable_of('receipt_header')} is {settings.receipt_header!r}, which is no header's name. "
            "Use letters, digits and dashes, for example X-Received-At."
        )
    for each in settings.proxy_addresses.replace(",", " ").split():
        try:
            ipaddress.ip_network(each)
        except ValueError:
            raise SettingRefused(
                f"{variable_of('proxy_addresses')} has {each!r}, which is no address or network. "
                "Write 10.0.0.5 or 10.0.0.0/24."
            ) from None


def _check_password_cost(settings: Settings, environ: Mapping[str, str]) -> None:
    """Passwords and the passphrases that keep bids shut are never cheap to guess, except where tests run."""
    name = variable_of("password_cost")
    if settings.password_cost not in PASSWORD_COSTS:
        raise SettingRefused(f"{name} is {settings.password_cost!r}. Choose one of {', '.join(PASSWORD_COSTS)}.")
    if settings.password_cost == "cheap" and TEST_RUN not in environ:
        raise SettingRefused(
            f"{name} is cheap, so passwords and opening passphrases could be guessed quickly. That is for tests only: "
            "leave it out."
        )


def _check_scanner(settings: Settings) -> None:
    if settings.scanner and not settings.scanner.startswith("clamd://"):
        raise SettingRefused(
            f"{variable_of('scanner')} is {settings.scanner!r}. Write clamd://host:port or clamd:///path/of/its/socket."
        )


def _check_search_engine(settings: Settings) -> None:
    name, variable = settings.search_engine, variable_of("search_engine")
    if name not in SEARCH_ENGINES:
        raise SettingRefused(f"{variable} is {name!r}, which is no engine. Choose one of {', '.join(SEARCH_ENGINES)}.")
    if name == "postgresql" and not settings.url.startswith("postgresql"):
        raise SettingRefused(
            f"{variable} is postgresql, which searches inside a PostgreSQL database, and DATABASE_URL names none. "
            "Set DATABASE_URL to one, or choose whoosh or tantivy."
        )


_KINDS = {bool: "true or false", int: "a whole number", float: "a number"}


def _read(name: str, text: str, default: object) -> object:
    try:
        if isinstance(default, bool):
            return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[text.lower()]
        if isinstance(default, Path):
            return Path(text).expanduser().resolve()
        return type(default)(text)  # type: ignore[call-arg]
    except (KeyError, ValueError):
        kind = _KINDS.get(type(default), "usable")
        raise SettingRefused(f"{name} is {text!r}, which is not {kind}.") from None


_current: Settings | None = None


def install(settings: Settings) -> None:
    """Makes these the process's settings; called once at start (and per test application)."""
    global _current
    _current = settings


def current() -> Settings:
    """The process's settings."""
    if _current is None:
        raise RuntimeError("No settings yet: call marketplace.config.install(load_settings()) first.")
    return _current


def failpoint() -> str:
    """The point at which this process must die, for tests; empty, as nearly always, for none."""
    return _current.failpoint if _current is not None else ""


class SettingRefused(Exception):
    """A setting that cannot be used, said in words."""
