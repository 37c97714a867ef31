"""A webhook as a user asks for one."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, Field

from services.webhooks import event_bodies, signature

Kind = Literal["*", *event_bodies.TYPES]  # type: ignore[valid-type]
#: For the published schema; what is checked, and with better words, is below.
URL = r"^https?://[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?(:[1-9][0-9]{0,3})?(/[!-~]*)?$"
SIX_BITS = "[A-Za-z0-9+/]"
SECRET = f"^whsec_(({SIX_BITS}{{4}}){{8,21}}({SIX_BITS}{{2}}==)?|({SIX_BITS}{{4}}){{8,20}}{SIX_BITS}{{3}}=)$"


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    else:
        if parts.scheme not in {"http", "https"} or parts.username is not None or parts.password is not None:
            host = None
    if not host or any(ord(letter) <= 32 or ord(letter) > 126 for letter in text):
        raise ValueError("must be an address such as https://example.com/hook, without user and spaces")
    return text


def _secret(text: str) -> str:
    signature.key_of(text)
    return text


class WebhookSpec(BaseModel):
    """Where to send which events."""

    model_config = {"extra": "forbid"}

    url: Annotated[str, Field(max_length=2_000, json_schema_extra={"pattern": URL}), AfterValidator(_url)]
    """http or https."""
    events: Literal["*"] | Annotated[list[Kind], Field(min_length=1, max_length=50)] = "*"
    """Names of events, or `*` for all of them."""
    secret: Annotated[str, Field(json_schema_extra={"pattern": SECRET}), AfterValidator(_secret)] | None = None
    """`whsec_` and the base64 of 24 to 64 random bytes; one is generated if you pass none."""

    @property
    def names(self) -> list[str]:
        """The names of the events."""
        return [self.events] if isinstance(self.events, str) else list(self.events)
