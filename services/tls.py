"""How connections to PostgreSQL and Redis are encrypted: where TLS is used, the other end has to prove who it is."""

from urllib.parse import parse_qsl, urlencode, urlsplit

from services.settings import Settings


def broker_url(settings: Settings) -> str:
    """Return Redis' URL, which says how a certificate is verified; Celery would else take any."""
    address = urlsplit(settings.redis_url)
    if address.scheme != "rediss":
        return settings.redis_url
    query = dict(parse_qsl(address.query))
    query.setdefault("ssl_cert_reqs", "required")
    query.setdefault("ssl_check_hostname", "true" if query["ssl_cert_reqs"] == "required" else "false")
    if settings.tls_ca:
        query.setdefault("ssl_ca_certs", settings.tls_ca)
    return address._replace(query=urlencode(query)).geturl()


def postgres_parameters(settings: Settings) -> dict[str, str]:
    """Return what libpq is told beside the URL. Without an authority the URL says all, such as `?sslmode=require`."""
    return {"sslmode": "verify-full", "sslrootcert": settings.tls_ca} if settings.tls_ca else {}
