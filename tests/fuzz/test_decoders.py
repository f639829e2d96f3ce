"""The decoders stand up to a short run of the fuzzer that is guided by their coverage."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("atheris", reason="no atheris for this machine and Python")

RUNS = 20_000
REPOSITORY = Path(__file__).parents[2]


def test_nothing_that_the_fuzzer_makes_of_the_examples_breaks_a_decoder(tmp_path: Path) -> None:
    fuzzer = [sys.executable, "-m", "tests.fuzz.decoders"]
    options = [f"-runs={RUNS}", "-max_len=4096", f"-artifact_prefix={tmp_path}/"]
    result = subprocess.run(
        [*fuzzer, str(tmp_path / "corpus"), *options],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert f"Done {RUNS} runs" in result.stderr
