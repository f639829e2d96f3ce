"""Make the picture of a report anew, from the built-in recording."""

import tempfile
from pathlib import Path

from playwright.sync_api import FloatRect

from streams.recording.files import Writer
from streams.recording.simulated import DEMO_POLICY, simulate
from tests.browser.chromium import chromium
from tests.command_line import run

PICTURE = Path(__file__).parents[2] / "deploy" / "pictures" / "report.png"
WIDTH = 900

with tempfile.TemporaryDirectory() as folder, chromium() as browser:
    recording, policy, report = (
        Path(folder) / name for name in ("simulated.jsonl.zst", "demo.toml", "report.html")
    )
    with Writer(recording) as writer:
        for record in simulate():
            writer.write(record)
    policy.write_text(DEMO_POLICY)
    result = run("report", recording, "--policy", policy, "-o", report)
    assert result.exit_code == 0, result.output
    page = browser.new_page(viewport={"width": WIDTH, "height": 1200})
    page.goto(report.as_uri())
    chart = page.locator("figure").first.bounding_box()
    assert chart is not None
    shown = FloatRect(x=0, y=0, width=WIDTH, height=chart["y"] + chart["height"] + 16)
    PICTURE.parent.mkdir(exist_ok=True)
    page.screenshot(path=PICTURE, clip=shown, full_page=True)
    print(f"{PICTURE}: {PICTURE.stat().st_size:,} bytes")
