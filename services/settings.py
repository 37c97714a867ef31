"""Every setting of the server: its name with the unit, its default and what it does. The only reader of os.environ."""

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from services.errors import SettingInvalid
from services.unknown_settings import refuse_unknown

PREFIX = "BATCHYARD_"
LOOPBACK = {"127.0.0.1", "localhost", "::1", "[::1]"}  #: that only this host reaches
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def setting(default: Any, help: str, kind: type | None = None, *, secret: bool = False) -> Any:
    """Declare a setting: its default, the sentence that `docs/settings.md` shows, its kind where that is None.

    What is secret does not stand in the text of the settings.
    """
    return field(default=default, repr=not secret, metadata={"help": help, "kind": kind or type(default)})


@dataclass(frozen=True)
class Settings:
    """What the operator set. Read once by `from_env`, then passed on; nothing reads the environment again."""

    database_url: str = setting("", "SQLAlchemy URL of the database; empty: SQLite in the storage folder.")
    database_password: str = setting("", "Password of the database user, when the URL holds none.", secret=True)
    redis_url: str = setting("redis://127.0.0.1:6379/0", "URL of Redis or Valkey, which wakes the workers.")
    tls_ca: str = setting(
        "",
        "File of the authority that PostgreSQL's and Redis' certificates must be from; PostgreSQL then has to use TLS.",
    )
    storage_dir: Path = setting(Path("batchyard-data"), "Folder for data sets and for the local stack's files.")
    storage_url: str = setting(
        "", "S3 bucket of data sets, outputs, exports and large checkpoints, `s3://bucket/prefix`; empty: none."
    )
    storage_endpoint: str = setting("", "URL of an S3 server; empty: AWS_ENDPOINT_URL, else that of AWS.")
    storage_region: str = setting("", "Region of the bucket; empty: AWS_REGION, else us-east-1.")
    storage_access_key: str = setting(
        "", "Access key of S3; empty: AWS_ACCESS_KEY_ID or the machine's role.", secret=True
    )
    storage_secret_key: str = setting("", "Secret key of S3; empty: AWS_SECRET_ACCESS_KEY or the role.", secret=True)
    storage_timeout_s: float = setting(30.0, "Longest time of one request to S3.")
    cache_bytes: int = setting(20 * 2**30, "Room for local copies of what is on S3; the longest unused go first.")
    checkpoint_object_bytes: int = setting(
        64 * 2**20, "Checkpoints larger than this go to S3, where there is a bucket."
    )
    log_level: str = setting("info", "debug, info, warning or error.")
    log_format: str = setting(
        "text", "`text`: one readable line per event; `json`: one object per line, for a log collector."
    )

    auth: str = setting(
        "none", "Who may call: `keys`, or `none`: anyone who reaches it, which must be this host alone."
    )
    bound_host: str = setting("127.0.0.1", "Address that the API listens on; set by the server itself.")
    published_host: str = setting(
        "", "Address at which the API is reachable from outside; empty: the one it listens on."
    )
    trusted_proxies: str = setting(
        "", "Networks of proxies whose X-Forwarded-For and -Proto are trusted, separated by commas."
    )
    session_s: float = setting(43_200.0, "How long a browser stays logged in.")
    wrong_keys_per_minute: int = setting(20, "Wrong keys that one address may try in a minute; more get 429.")
    allowed_hosts: str = setting("localhost,127.0.0.1,[::1]", "Host names that requests may use, separated by commas.")

    max_json_bytes: int = setting(16 * 2**20, "Largest JSON body.")
    disk_reserve_bytes: int = setting(200_000_000, "Free disk space below which uploads are refused and jobs wait.")
    max_upload_bytes: int = setting(2 * 2**30, "Largest uploaded data set.")
    max_table_rows: int = setting(100_000_000, "Most rows of a data set.")
    max_table_columns: int = setting(10_000, "Most columns of a data set.")
    max_unpacked_bytes: int = setting(4 * 2**30, "Largest data set when unpacked, and largest table made from one.")
    max_json_rows: int = setting(250_000, "Most lists and objects of one JSON body, counted before it is parsed.")
    max_json_values: int = setting(2_000_000, "Most values of one JSON body, counted before it is parsed.")
    max_predict_rows: int = setting(10_000, "Most rows of one predict request.")
    max_epochs: int = setting(100_000, "Most epochs of one job.")
    max_parameters: int = setting(50_000_000, "Most parameters of one model.")
    plugins: str = setting("", "Names of the plug-ins that jobs may use, separated by commas.")
    max_wait_s: float = setting(60.0, "Longest wait of a long poll or of `Prefer: wait`.")
    stream_s: float = setting(25.0, "Longest lifetime of one event stream; the client then reconnects.")
    watch_interval_s: float = setting(0.05, "Interval between checks for changes of jobs that clients wait for.")
    api_pid: int = setting(0, "PID of the API server's first process; set by the server itself.")
    api_drain_s: float = setting(
        0.0, "How long the API goes on after SIGTERM while `/readyz` says 503, so that a proxy notices before it stops."
    )
    api_grace_s: float = setting(20.0, "How long running requests may take to end after that; then they are cut off.")
    api_threads: int = setting(64, "Requests handled at once, not counting those that wait or receive a body.")
    wait_places: int = setting(1_000, "Streams and long polls at once; any more get 503.")
    body_places: int = setting(500, "Request bodies received at once; any more get 503.")
    body_min_bytes_per_s: int = setting(4_096, "Lowest rate at which a body may arrive; a slower one gets 408.")
    body_window_s: float = setting(10.0, "Time over which a body's rate is measured; shorter ones have no lower limit.")
    body_deadline_s: float = setting(3_600.0, "Longest time one body may take.")
    send_timeout_s: float = setting(30.0, "How long a client may stop reading before its answer is cut off.")
    max_connections: int = setting(4_096, "Open connections; any more wait to be accepted.")
    change_interval_s: float = setting(0.25, "Interval between checks for changes that affect predictions; at most 1.")
    model_cache_bytes: int = setting(256 * 2**20, "Memory for loaded models in the API process.")
    max_export_bytes: int = setting(2 * 2**30, "Room for exports; the longest unused are deleted first.")
    webhooks_private: str = setting("", "Private networks that webhooks may reach, such as 10.1.0.0/16,10.2.0.0/16.")
    idempotency_s: float = setting(86_400.0, "How long an Idempotency-Key is remembered.")

    owner_queued_jobs: int | None = setting(None, "Jobs of one owner that may wait; None: any number.", int)
    owner_running_jobs: int | None = setting(None, "Jobs of one owner that may run at once; None: any number.", int)
    owner_submits_per_minute: int | None = setting(None, "Jobs that one owner may submit in a minute.", int)
    owner_stored_bytes: int | None = setting(None, "Bytes of data sets and checkpoints that one owner may store.", int)
    owner_run_s_per_day: int | None = setting(None, "Seconds that jobs of one owner may train in a day.", int)
    owner_predict_rows: int | None = setting(None, "Most rows of one predict request of one owner.", int)

    keep_jobs_days: int | None = setting(None, "Days that a finished job is kept; None: forever.", int)
    keep_jobs_count: int | None = setting(None, "Finished jobs of an owner that are kept; None: all.", int)
    keep_audit_days: int | None = setting(None, "Days that the audit log is kept; None: forever.", int)
    keep_events_days: int | None = setting(None, "Days that a finished job's events are kept; None: forever.", int)
    keep_predictions_days: int | None = setting(
        None, "Days that a finished batch prediction and its output are kept; None: forever.", int
    )

    worker_slots: int = setting(0, "Jobs that one worker trains at once; 0: the CPU quota.")
    worker_processes: int = setting(0, "Most processes of one job on a worker; 0: the CPU quota, or one for each GPU.")
    trainer_memory_bytes: int = setting(0, "Most memory of one trainer; 0: its share of the worker's.")
    online_s: float = setting(60.0, "A worker counts as online for this long after its last sign of life.")
    beat_interval_s: float = setting(3.0, "Interval between two beats of a running job.")
    stop_poll_interval_s: float = setting(1.0, "Interval between checks for a request to cancel or pause.")
    grace_s: float = setting(10.0, "How long a trainer may take to react to a stop request.")
    cancel_grace_s: float = setting(
        2.0, "How long the trainer of a cancelled job may take to react before it is killed."
    )
    short_job_s: float = setting(
        2.0, "A job that has trained for less time than this goes before longer ones, which yield; 0: off."
    )
    prediction_turn_s: float = setting(10.0, "A batch prediction yields to a waiting job after this long.")
    evaluation_s: float = setting(1.0, "Longest time to evaluate the model of a job that has ended; 0: off.")
    stall_s: float = setting(600.0, "A trainer that reports nothing for this long is killed.")
    job_time_limit_s: float = setting(86_400.0, "The operator's limit for one attempt of a job.")
    flush_interval_s: float = setting(1.0, "Shortest interval between two writes of epochs.")
    chunk_bytes: int = setting(4 * 2**20, "Largest piece of a checkpoint in one row.")
    deaf_s: float = setting(60.0, "A worker restarts if it has a free slot and receives no nudge for this long.")
    stuck_s: float = setting(
        30.0, "A worker restarts if it has a free slot, receives nudges and claims nothing for this long."
    )
    supervisor_tasks: int = setting(200, "Nudges after which a supervisor is replaced.")

    dispatch_interval_s: float = setting(1.0, "Interval between two rounds of the dispatcher.")
    max_nudges: int = setting(64, "Most nudges waiting in a queue.")
    reap_interval_s: float = setting(3.0, "Interval between two reads of the beats.")
    reap_reads: int = setting(6, "Reads that show the same beat before a job counts as silent.")
    backoff_s: float = setting(5.0, "First pause before an interrupted job is tried again.")
    backoff_max_s: float = setting(300.0, "Longest such pause.")
    max_attempts_without_progress: int = setting(3, "Attempts in a row without a new checkpoint.")
    faultpoints: str = setting(
        "", "For tests: a folder in which processes record where they are and learn where to crash."
    )
    max_attempts: int = setting(1_000, "Attempts of one job that may end in a crash, with or without progress.")

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
        refuse_unknown(given, [PREFIX + known.name.upper() for known in fields(cls)], PREFIX)
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
            raise SettingInvalid(f"{PREFIX}AUTH is {self.auth!r}; must be none or keys.")
        if self.auth == "none" and self.is_open:
            reached = self.published_host or self.bound_host
            raise SettingInvalid(
                f"Refusing to start: anyone who can reach {reached} could use this API, since it asks for no keys. "
                f"Either make it ask for keys ({PREFIX}AUTH=keys), or let only this host reach it: bind it to "
                f"127.0.0.1, or set {PREFIX}PUBLISHED_HOST=127.0.0.1 if whatever is in front publishes it there only."
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


def visible_gpu() -> str:
    """Return the number or UUID of the GPU that CUDA calls the first, as nvidia-smi takes it."""
    return os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")[0].strip() or "0"


def visible_gpus() -> int:
    """Return how many GPUs CUDA shows to this process, at least 1."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    found = named.split(",") if named else list(Path("/dev").glob("nvidia[0-9]*"))
    return max(1, len(found))


def has_collector() -> bool:
    """Return whether a collector of traces is set, by OpenTelemetry's own variables."""
    names = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    off = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or os.environ.get("OTEL_TRACES_EXPORTER") == "none"
    return not off and any(os.environ.get(name) for name in names)


def _content(name: str, path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingInvalid(f"{name} is {path!r}, which can't be read: {error}.") from error


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
        raise SettingInvalid(f"{name} is 0, which would allow or keep nothing; leave it unset for no limit.")
    return value


def _article(kind: type) -> str:
    return {int: "a whole number", float: "a number"}.get(kind, "usable")
