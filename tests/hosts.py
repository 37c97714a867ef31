"""A second host on this machine: a network namespace at the other end of a cable that can be pulled, and its TLS."""

import datetime
import ipaddress
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class OtherHost:
    """Where commands run that reach this host by the cable alone."""

    def __init__(self) -> None:
        number = os.getpid()
        self.name = f"by{number}"
        network = ipaddress.ip_network(f"10.{200 + number % 50}.{number // 50 % 250}.0/30")
        self.ours, self.theirs = (str(address) for address in network.hosts())

    def start(self) -> None:
        """Make it."""
        ip("netns", "add", self.name)
        ip("link", "add", self.name, "type", "veth", "peer", "name", "cable", "netns", self.name)
        ip("address", "add", f"{self.ours}/30", "dev", self.name)
        ip("-n", self.name, "address", "add", f"{self.theirs}/30", "dev", "cable")
        ip("-n", self.name, "link", "set", "lo", "up")
        ip("-n", self.name, "link", "set", "cable", "up")
        ip("link", "set", self.name, "up")

    def pull(self) -> None:
        """Pull the cable: what is sent is lost, and nobody is told."""
        ip("-n", self.name, "link", "set", "cable", "down")

    def plug(self) -> None:
        """Put the cable back."""
        ip("-n", self.name, "link", "set", "cable", "up")

    def command(self, *words: str) -> list[str]:
        """Return a command that runs there."""
        return ["ip", "netns", "exec", self.name, *words]

    def stop(self) -> None:
        """Remove it."""
        ip("link", "delete", self.name)
        ip("netns", "delete", self.name)


@contextmanager
def other_host() -> Iterator[OtherHost]:
    """Make a host, yield it, and remove it."""
    host = OtherHost()
    host.start()
    try:
        yield host
    finally:
        host.stop()


def may_make_hosts() -> bool:
    """Return whether this user may make network namespaces."""
    try:
        return subprocess.run(["unshare", "--net", "true"], stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def certify(folder: Path, address: str) -> None:
    """Write an authority (`ca.pem`) and what it certifies of an address (`server.pem`, `server.key`)."""
    authority, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority of a test")])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)])
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
    (folder / "ca.pem").write_bytes(_signed(issuer, authority, issuer, authority, x509.BasicConstraints(True, 0)))
    (folder / "server.pem").write_bytes(_signed(subject, own, issuer, authority, names))
    key = own.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "server.key").write_bytes(key)
    (folder / "server.key").chmod(0o600)


def ip(*words: str) -> None:
    """Run `ip`."""
    subprocess.run(["ip", *words], check=True)


def _signed(
    subject: x509.Name,
    own: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    authority: ec.EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
) -> bytes:
    time = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(time - datetime.timedelta(days=1))
        .not_valid_after(time + datetime.timedelta(days=1))
        .add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), critical=False)
        .sign(authority, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)
