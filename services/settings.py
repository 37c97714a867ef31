"""Every setting of the server: its name with the unit, its default and what it does. The only reader of os.environ."""

import ipaddress
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from services.errors import SettingInvalid

PREFIX = "BATCHYARD_"
#: Variables of the command, of compose.yaml and of the tests, which a process of the server may find beside its own.
NOT_SETTINGS = frozenset(
    PREFIX + name
    for name in [
        "URL",
        "SERVER",
        "API_KEY",
        "COMPLETE",
        "IMAGE",
        "VERSION",
        "HOST",
        "PORT",
        "DATABASE_PASSWORD",
        "API_MEMORY",
        "WORKER_CPUS",
        "WORKER_MEMORY",
        "GPU_WORKER_CPUS",
        "GPU_WORKER_MEMORY",
        "CHAOS_SEED",
        "SOAK_MINUTES",
    ]
)
LOOPBACK = {"127.0.0.1", "localhost", "::1", "[::1]"}  #: that only this host reaches
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def setting(default: Any, help: str, kind: type | None = None) -> Any:
    """Declare a setting: its default, the sentence that `docs/settings.md` shows, its kind where that is None."""
    return field(default=default, metadata={"help": help, "kind": kind or type(default)})


@dataclass(frozen=True)
class Settings:
    """What the operator set. Read once by `from_env`, then passed on; nothing reads the environment again."""

    database_url: str = setting("", "SQLAlchemy URL of the database; empty: SQLite in the storage folder.")
    database_password: str = setting("", "Password of the database user, when the URL holds none.")
    redis_url: str = setting("redis://127.0.0.1:6379/0", "URL of Redis or Valkey, which rings the workers.")
    storage_dir: Path = setting(Path("batchyard-data"), "Folder of the uploaded data sets and of the local stack.")
    log_level: str = setting("info", "debug, info, warning or error.")

    auth: str = setting("none", "Who may call: `keys`, or `none`: whoever reaches it, only while that is this host.")
    bound_host: str = setting("127.0.0.1", "Address that the API is bound to; the server sets it itself.")
    published_host: str = setting("", "Address on which the outside reaches the API; empty: the one it is bound to.")
    trusted_proxies: str = setting("", "Networks of proxies whose X-Forwarded-For and -Proto are heard, by comma.")
    session_s: float = setting(43_200.0, "How long a browser stays logged in.")
    wrong_keys_per_minute: int = setting(20, "Wrong keys that one address may try in a minute; more get 429.")
    allowed_hosts: str = setting("localhost,127.0.0.1,[::1]", "Host names that requests may ask for, by comma.")

    max_json_bytes: int = setting(16 * 2**20, "Largest JSON body.")
    disk_reserve_bytes: int = setting(200_000_000, "Free room below which nothing new is taken in and what runs waits.")
    max_upload_bytes: int = setting(2 * 2**30, "Largest uploaded data set.")
    max_table_rows: int = setting(100_000_000, "Most rows of a data set.")
    max_table_columns: int = setting(10_000, "Most columns of a data set.")
    max_unpacked_bytes: int = setting(4 * 2**30, "Largest data set when unpacked, and largest table made of one.")
    max_json_rows: int = setting(250_000, "Most lists and objects of one JSON body, counted before it is parsed.")
    max_json_values: int = setting(2_000_000, "Most values of one JSON body, counted before it is parsed.")
    max_predict_rows: int = setting(10_000, "Most rows of one predict request.")
    max_epochs: int = setting(100_000, "Most epochs of one job.")
    max_parameters: int = setting(50_000_000, "Most parameters of one model.")
    plugins: str = setting("", "Names of the plug-ins that jobs may use, by comma.")
    max_wait_s: float = setting(60.0, "Longest wait of a long poll or of `Prefer: wait`.")
    stream_s: float = setting(25.0, "Longest life of one event stream; the client connects again.")
    watch_interval_s: float = setting(0.05, "Pause between two looks for news of awaited jobs.")
    api_pid: int = setting(0, "Number of the API server's first process; the server sets it itself.")
    api_threads: int = setting(64, "Requests worked on at once, beside those that wait or receive a body.")
    wait_places: int = setting(1_000, "Streams and long polls at once; one more gets 503.")
    body_places: int = setting(500, "Bodies of requests that are received at once; one more gets 503.")
    body_min_bytes_per_s: int = setting(4_096, "Least rate of a body; a slower one gets 408.")
    body_window_s: float = setting(10.0, "Over how long a body's rate is measured; a shorter one has no least rate.")
    body_deadline_s: float = setting(3_600.0, "Longest time that one body may take.")
    send_timeout_s: float = setting(30.0, "How long a client may read nothing of an answer before it is broken off.")
    max_connections: int = setting(4_096, "Open connections; further ones wait to be taken.")
    change_interval_s: float = setting(0.25, "Pause between two looks at what changed for predictions; at most 1.")
    model_cache_bytes: int = setting(256 * 2**20, "Memory for loaded models in the API process.")
    webhooks_private: str = setting("", "Private networks that webhooks may reach, by comma: 10.1.0.0/16.")
    idempotency_s: float = setting(86_400.0, "How long an Idempotency-Key is remembered.")

    owner_queued_jobs: int | None = setting(None, "Jobs of one owner that may wait; None: any number.", int)
    owner_submits_per_minute: int | None = setting(None, "Jobs that one owner may submit in a minute.", int)
    owner_stored_bytes: int | None = setting(None, "Bytes of data sets and checkpoints that one owner may store.", int)
    owner_run_s_per_day: int | None = setting(None, "Seconds that jobs of one owner may train in a day.", int)
    owner_predict_rows: int | None = setting(None, "Most rows of one predict request of one owner.", int)

    keep_jobs_days: int | None = setting(None, "Days that a finished job is kept; None: for ever.", int)
    keep_jobs_count: int | None = setting(None, "Finished jobs of an owner that are kept; None: all.", int)
    keep_audit_days: int | None = setting(None, "Days that the audit log is kept; None: for ever.", int)
    keep_events_days: int | None = setting(None, "Days that a finished job's events are kept; None: for ever.", int)

    worker_slots: int = setting(0, "Jobs that one worker trains at once; 0: the CPU quota.")
    trainer_memory_bytes: int = setting(0, "Most memory of one trainer; 0: its share of the worker's.")
    online_s: float = setting(60.0, "A worker whose last sign of life is younger is online.")
    beat_interval_s: float = setting(3.0, "Pause between two beats of a running job.")
    wish_interval_s: float = setting(1.0, "Pause between two looks for a wish to cancel or pause.")
    grace_s: float = setting(10.0, "How long a trainer may take to answer a wish or a drain.")
    cancel_grace_s: float = setting(
        2.0, "How long the trainer of a cancelled job may take to answer before it is killed."
    )
    short_job_s: float = setting(
        2.0, "A job that has trained for less goes before longer ones, which yield; 0: none does."
    )
    stall_s: float = setting(600.0, "A trainer that reports nothing for so long is ended.")
    job_time_limit_s: float = setting(86_400.0, "The operator's limit for one attempt of a job.")
    flush_interval_s: float = setting(1.0, "Least pause between two stored groups of epochs.")
    chunk_bytes: int = setting(4 * 2**20, "Largest piece of a checkpoint in one row.")
    deaf_s: float = setting(60.0, "A worker with a free slot that hears no nudge for so long restarts.")
    stuck_s: float = setting(30.0, "A worker with a free slot that hears nudges but claims nothing so long restarts.")
    supervisor_tasks: int = setting(200, "Nudges after which a supervisor is replaced by a new one.")

    dispatch_interval_s: float = setting(1.0, "Pause between two rounds of the dispatcher.")
    max_nudges: int = setting(64, "Most nudges waiting in a queue.")
    reap_interval_s: float = setting(3.0, "Pause between two reads of the beats.")
    reap_reads: int = setting(6, "Reads that show the same beat before a job counts as silent.")
    backoff_s: float = setting(5.0, "First pause before an interrupted job is tried again.")
    backoff_max_s: float = setting(300.0, "Longest such pause.")
    max_attempts_without_progress: int = setting(3, "Attempts in a row without a new checkpoint.")
    faultpoints: str = setting(
        "", "For tests: the folder in which processes note where they are, and learn where to die."
    )
    max_attempts: int = setting(1_000, "Attempts of one job that may end in a crash, with progress or without.")

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read the settings from `BATCHYARD_…` variables; `…_FILE` names a file that holds the value.

        Raises: SettingInvalid naming the variable that is unknown or has a senseless value.
        """
        given = {name: text for name, text in (environ or os.environ).items() if name.startswith(PREFIX)}
        values: dict[str, Any] = {}
        for known in fields(cls):
            name = PREFIX + known.name.upper()
            text = given.pop(name, None)
            path = given.pop(f"{name}_FILE", None)
            if path is not None:
                text = _content(f"{name}_FILE", path)
            if text is not None:
                values[known.name] = _parsed(name, text, known.metadata["kind"], known.default)
        _refuse_unknown(given, [PREFIX + known.name.upper() for known in fields(cls)])
        return cls(**values)

    @property
    def storage(self) -> Path:
        """The storage folder, absolute."""
        return self.storage_dir.resolve()

    @property
    def allowed_plugins(self) -> tuple[str, ...]:
        """The names of the plug-ins that jobs may use."""
        return tuple(name.strip() for name in self.plugins.split(",") if name.strip())

    @property
    def webhook_networks(self) -> tuple[Network, ...]:
        """The private networks that webhooks may reach.

        Raises: SettingInvalid.
        """
        return _networks("WEBHOOKS_PRIVATE", self.webhooks_private)

    @property
    def proxy_networks(self) -> tuple[Network, ...]:
        """The networks of proxies that are believed.

        Raises: SettingInvalid.
        """
        return _networks("TRUSTED_PROXIES", self.trusted_proxies)

    @property
    def is_open(self) -> bool:
        """Whether others than this host reach the API."""
        return (self.published_host or self.bound_host) not in LOOPBACK

    @classmethod
    def is_given(cls, name: str) -> bool:
        """Return whether the operator set something, be it to its default."""
        variable = PREFIX + name.upper()
        return variable in os.environ or f"{variable}_FILE" in os.environ

    def check_doors(self) -> None:
        """Refuse to be open to a network without keys.

        Raises: SettingInvalid with the two ways out.
        """
        if self.auth not in {"none", "keys"}:
            raise SettingInvalid(f"{PREFIX}AUTH is {self.auth!r}; it is none or keys.")
        if self.auth == "none" and self.is_open:
            reached = self.published_host or self.bound_host
            raise SettingInvalid(
                f"Refusing to start: anybody who reaches {reached} could use this API, it asks for no keys. "
                f"Either let it ask for keys ({PREFIX}AUTH=keys), or let this host alone reach it: bind it to "
                f"127.0.0.1, or say {PREFIX}PUBLISHED_HOST=127.0.0.1 where what is in front publishes it there only."
            )

    @property
    def sqlalchemy_url(self) -> str:
        """The database's URL, with SQLite in the storage folder when none is set."""
        return self.database_url or f"sqlite:///{self.storage / 'batchyard.db'}"


def _networks(name: str, text: str) -> tuple[Network, ...]:
    words = [word.strip() for word in text.split(",") if word.strip()]
    try:
        return tuple(ipaddress.ip_network(word) for word in words)
    except ValueError as error:
        raise SettingInvalid(f"{PREFIX}{name}: {error}; write networks as 10.1.0.0/16.") from error


def child_environment(**more: str) -> dict[str, str]:
    """Return this process's environment with more variables in it, for a process that it starts."""
    return {**os.environ, **more}


def _content(name: str, path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingInvalid(f"{name} is {path!r}, which can't be read: {error}.") from error


def _refuse_unknown(given: Iterable[str], known: list[str]) -> None:
    # A misspelt setting would otherwise be a default that nobody chose.
    for name in sorted(set(given) - NOT_SETTINGS):
        near = get_close_matches(name, known, 1)
        meant = f" Did you mean {near[0]}?" if near else ""
        raise SettingInvalid(f"{name} is not a setting.{meant} All settings: docs/reference/settings.md.")


def _parsed(name: str, text: str, kind: type, default: Any) -> Any:
    if default is None and not text:
        return None
    try:
        value = kind(text)
    except ValueError as error:
        raise SettingInvalid(f"{name} is {text!r}, which is not {_article(kind)}.") from error
    if isinstance(value, int | float) and value < 0:
        raise SettingInvalid(f"{name} is {text!r}; it can't be negative.")
    if default is None and value == 0:
        raise SettingInvalid(f"{name} is 0, which would allow or keep nothing; leave it out to set no bound.")
    return value


def _article(kind: type) -> str:
    return {int: "a whole number", float: "a number"}.get(kind, "usable")
