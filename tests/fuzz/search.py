"""Lets atheris search a reader for bytes on which it fails: `python -m tests.fuzz.search READER SECONDS`.

atheris is in no extra, as it has wheels for few platforms: `pip install atheris` first. What it finds goes to
`tests/fuzz/corpus/READER/`, where a test reads it from then on.
"""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["services"]):
    import services.datasets.csv_files
    import services.datasets.jsonl_files
    import services.datasets.npz_files
    import services.datasets.parquet_files
    import services.datasets.tabulation
    import services.predictions.formats.incoming  # noqa: F401
    from tests.fuzz.readers import CORPUS, READERS


def main() -> None:
    """Search one reader for so many seconds."""
    name, seconds = sys.argv[1:3]
    read, seeds = READERS[name]
    finds = CORPUS / name
    finds.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        for n, seed in enumerate(seeds):
            (Path(work) / f"seed{n}").write_bytes(seed)
        options = [f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=3000", "-max_len=8192"]
        atheris.Setup([sys.argv[0], *options, f"-artifact_prefix={finds}/", work, str(finds)], read)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
