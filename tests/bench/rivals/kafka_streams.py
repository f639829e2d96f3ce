"""The join in Kafka Streams (Java 17, one thread, exactly once), kept beside the repository.

Looked for in the folder that `UNHAUNT_KAFKA_STREAMS` names, or else in
../shared/peers/kafka_streams: a Maven project whose `launch.py` Python runs as it runs the other
rivals, with a worker's settings. Maven builds a copy, since the folder may be read-only.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from streams.settings import Settings
from tests.kafka.installation import KafkaUnavailable, jars

FOLDER: Final = "UNHAUNT_KAFKA_STREAMS"
BUILD_SECONDS: Final = 300

_REPOSITORY: Final = Path(__file__).parents[3]


def program(run: Path) -> tuple[str, ...]:
    """What Python is given to run it, built in the folder of this run unless it was already.

    Raises `KafkaUnavailable` where it is not at hand, or Java or Maven are missing.
    """
    project = project_folder()
    jars()  # asks for a Java that is new enough
    built = run / "kafka-streams"
    if not built.exists():
        _build(project, built)
    return (
        str(project / "launch.py"),
        f"build={built / 'target'}",
        "guarantee=exactly_once_v2",
        "threads=1",
        f"commit.interval.ms={Settings().checkpoint_milliseconds}",
    )


def project_folder() -> Path:
    """The folder of the Maven project. Raises `KafkaUnavailable` where there is none."""
    named = os.environ.get(FOLDER)
    folder = Path(named) if named else _REPOSITORY.parent / "shared" / "peers" / "kafka_streams"
    if not (folder / "pom.xml").exists():
        where = f"{FOLDER}={named}" if named else "../shared/peers/kafka_streams"
        raise KafkaUnavailable(f"{where}: expected a Maven project; name its folder in {FOLDER}")
    return folder.resolve()


def _build(project: Path, built: Path) -> None:
    """The copy is there whole or not at all."""
    maven = shutil.which("mvn")
    if maven is None:
        raise KafkaUnavailable("there is no `mvn` here to build it with")
    copy = built.with_suffix(".unfinished")
    shutil.copytree(project / "src", copy / "src")
    shutil.copy(project / "pom.xml", copy)
    done = subprocess.run(
        [maven, "--batch-mode", "--quiet", "package"],
        cwd=copy,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    if done.returncode:
        errors = [line for line in done.stdout.splitlines() if line.startswith("[ERROR]")]
        raise KafkaUnavailable(f"Maven did not build it: {(errors or [done.stderr])[0]}")
    copy.rename(built)
