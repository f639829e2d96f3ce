"""What reads files, foreign events and requests stands up to a fuzzer guided by their coverage."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("atheris", reason="no atheris for this machine and Python")

SHORT = ("-runs=2000", "-max_len=4096")
LONG = ("-max_total_time=600", "-max_len=65536")
BOUNDS = ("-timeout=30", "-rss_limit_mb=1024")
"""No single attempt may take as many seconds, nor all of them as many megabytes."""

TARGETS = ("policy", "recordings", "importers", "adapters", "frames", "asked", "bids")
REPOSITORY = Path(__file__).parents[2]


def fuzz(target: str, folder: Path, options: tuple[str, ...]) -> None:
    arguments = [*options, *BOUNDS, f"-artifact_prefix={folder}/", str(folder / "corpus")]
    result = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.hostile", target, *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "Done " in result.stderr


@pytest.mark.parametrize("target", TARGETS)
def test_nothing_that_the_fuzzer_makes_of_the_examples_does_harm(
    target: str, tmp_path: Path
) -> None:
    fuzz(target, tmp_path, SHORT)


@pytest.mark.fuzz
@pytest.mark.timeout(900)
@pytest.mark.parametrize("target", TARGETS)
def test_nor_does_anything_in_ten_minutes(target: str, tmp_path: Path) -> None:
    fuzz(target, tmp_path, LONG)
