"""Where objects are kept: what the settings say of a bucket on S3, checked before anything is asked of it."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from services.errors import SettingInvalid
from services.settings import PREFIX, Settings

EXAMPLE = "write it as s3://bucket or s3://bucket/prefix"


@dataclass(frozen=True)
class Address:
    """A bucket, what its names begin with, and how it is reached. Empty: what AWS's own variables say."""

    bucket: str
    prefix: str
    endpoint: str
    region: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)

    @classmethod
    def of(cls, settings: Settings) -> "Address | None":
        """Return the address that the settings give; None: everything is kept in the storage folder.

        Raises: SettingInvalid.
        """
        if not settings.storage_url:
            return None
        _check_pair(settings)
        return cls(
            *_bucket_and_prefix(settings.storage_url),
            endpoint=_endpoint(settings.storage_endpoint),
            region=settings.storage_region,
            access_key=settings.storage_access_key,
            secret_key=settings.storage_secret_key,
        )


def _bucket_and_prefix(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise SettingInvalid(f"{PREFIX}STORAGE_URL can't be read; {EXAMPLE}.") from error
    # The value itself is not shown: somebody may have written a key into it.
    if parts.scheme != "s3" or not parts.netloc or parts.query or parts.fragment:
        raise SettingInvalid(f"{PREFIX}STORAGE_URL is not the URL of a bucket; {EXAMPLE}.")
    if "@" in parts.netloc or ":" in parts.netloc:
        raise SettingInvalid(
            f"{PREFIX}STORAGE_URL holds more than a bucket; {EXAMPLE}. Keys belong in {PREFIX}STORAGE_ACCESS_KEY and "
            f"{PREFIX}STORAGE_SECRET_KEY, a server in {PREFIX}STORAGE_ENDPOINT."
        )
    return parts.netloc, parts.path.strip("/")


def _endpoint(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if url and (parts.scheme not in {"http", "https"} or not parts.netloc or "@" in parts.netloc):
        raise SettingInvalid(
            f"{PREFIX}STORAGE_ENDPOINT is not the URL of a server without keys; write it as https://s3.example.com."
        )
    return url.rstrip("/")


def _check_pair(settings: Settings) -> None:
    if bool(settings.storage_access_key) != bool(settings.storage_secret_key):
        missing = "SECRET" if settings.storage_access_key else "ACCESS"
        raise SettingInvalid(f"{PREFIX}STORAGE_{missing}_KEY is missing: the two keys come together.")
