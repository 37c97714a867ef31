"""Whether the API says that it is ready: `python -m local.healthcheck [URL]`, asked every few seconds by a container.

Loads next to nothing: on a busy machine a check that takes seconds to start would say of a healthy API that it is not.
"""

import http.client
import sys
from urllib.parse import urlsplit

URL = "http://127.0.0.1:8000/readyz"
PATIENCE_S = 4.0


def main() -> None:
    """End with 0 if the API is ready; if not, with 1 and its words."""
    check(sys.argv[1] if len(sys.argv) > 1 else URL)


def check(url: str) -> None:
    """Print what the API says of itself.

    Raises: SystemExit with the words when it is not ready, or does not answer.
    """
    address = urlsplit(url)
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    try:
        connection = kind(address.hostname or "", address.port, timeout=PATIENCE_S)
        connection.request("GET", address.path or "/")
        answer = connection.getresponse()
        words = answer.read().decode(errors="replace")
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise SystemExit(f"no answer from {url}: {error}") from error
    if answer.status != 200:
        raise SystemExit(words)
    print(words)


if __name__ == "__main__":
    main()
