"""The report as people see it: in a real browser, wide and narrow, light and dark."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from streams.recording.files import Writer
from streams.recording.simulated import DEMO_POLICY, simulate
from tests.browser.chromium import chromium
from tests.builders import DAY, HOUR, NOW
from tests.command_line import run, write_recording

DESKTOP = {"width": 1280, "height": 900}
TABLET = {"width": 768, "height": 1024}
PHONE = {"width": 360, "height": 740}
SMALLEST = {"width": 320, "height": 568}

HOSTILE = (
    '\0\x1b\u202e<script>document.title = "owned"</script><img src=x onerror=alert(1)>"\'&{{7*7}}'
)
LONG = "a-name-that-goes-on-and-on." * 20


# Playwright has an event loop in this thread while it runs, which others' tests must not find.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report on the built-in recording, which has something to show in every section."""
    folder = tmp_path_factory.mktemp("simulated")
    recording, policy = folder / "simulated.jsonl.zst", folder / "demo.toml"
    with Writer(recording) as writer:
        for record in simulate(persons=600):
            writer.write(record)
    policy.write_text(DEMO_POLICY)
    return reported(recording, "--policy", policy, "--cpm", "2.5")


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report on a recording in which nothing happens."""
    return reported(write_recording(tmp_path_factory.mktemp("empty") / "empty.jsonl"))


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report on a recording whose names are those of somebody who means harm."""
    attributes = {"categories": [HOSTILE], "brand": LONG, "advertiser_id": HOSTILE}
    bought = {"order_id": "o", "event": "order_completed", "event_id": "e", "ts": NOW}
    records: list[tuple[str, str, dict[str, Any] | None]] = [
        ("purchases", HOSTILE, bought | {"products": [{"product_id": HOSTILE, **attributes}]}),
        (f"topic{HOSTILE}", "u", {}),
    ]
    for number, site in enumerate(
        (HOSTILE, LONG, HOSTILE + LONG, "\N{ATHLETIC SHOE}" * 70, "W" * 60, "", "  ")
    ):
        asked = {"request_id": f"r{number}", "ts": NOW + number * HOUR, "site": site}
        candidates = [{"product_id": HOSTILE, **attributes}, {"product_id": "p"}]
        records.append(("impression-requests", HOSTILE, asked | {"candidates": candidates}))
    records.append(("purchases", "other", bought | {"ts": NOW + 90 * DAY, "products": []}))
    return reported(write_recording(tmp_path_factory.mktemp("hostile") / "hostile.jsonl", *records))


def reported(recording: Path, *options: object) -> Path:
    report = recording.with_name("report.html")
    result = run("report", recording, "-o", report, *options)
    assert result.exit_code == 0, result.output
    return report


@pytest.fixture(scope="module", params=["simulated", "empty", "hostile"])
def report(request: pytest.FixtureRequest) -> Path:
    return request.getfixturevalue(request.param)


@pytest.fixture(
    scope="module",
    params=[DESKTOP, TABLET, PHONE, SMALLEST],
    ids=lambda size: str(size["width"]),
)
def page(request: pytest.FixtureRequest, browser: Browser, report: Path) -> Iterator[Page]:
    """The page at a width, everything in it opened, for tests that only look at it."""
    with browser.new_context(viewport=request.param) as context:
        yield opened(context.new_page(), report)


def opened(page: Page, report: Path) -> Page:
    page.goto(report.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    return page


# --- it fits -------------------------------------------------------------------------------------


def test_nothing_is_wider_than_the_window(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


TEXTS = """
[...document.querySelectorAll('figure svg')].filter(svg => svg.checkVisibility()).map(svg => {
  const frame = svg.getBoundingClientRect();
  return [...svg.querySelectorAll('text')].filter(text => text.textContent.trim()).map(text => {
    const box = text.getBoundingClientRect();
    const scale = frame.width / svg.viewBox.baseVal.width;
    return {
      content: text.textContent,
      left: box.left, right: box.right, top: box.top, bottom: box.bottom,
      size: parseFloat(getComputedStyle(text).fontSize) * scale,
      inside: box.left >= frame.left - 1 && box.right <= frame.right + 1
        && box.top >= frame.top - 1 && box.bottom <= frame.bottom + 1,
    };
  });
})
"""


def overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two words cover each other, by more than the air around letters."""
    across = min(one["right"], other["right"]) - max(one["left"], other["left"])
    down = min(one["bottom"], other["bottom"]) - max(one["top"], other["top"])
    return across > 1 and down > 3


def test_words_in_charts_can_be_read_and_do_not_overlap(page: Page) -> None:
    for chart in page.evaluate(TEXTS):
        for number, text in enumerate(chart):
            assert text["inside"], text
            assert text["size"] >= 11, text
            for other in chart[number + 1 :]:
                assert not overlap(text, other), (text["content"], other["content"])


def test_each_chart_is_drawn_once(page: Page) -> None:
    shown = page.evaluate(
        "[...document.querySelectorAll('figure')].map("
        "figure => [...figure.querySelectorAll('svg')].filter(svg => svg.checkVisibility()).length)"
    )
    assert set(shown) <= {1}


# --- for everybody -------------------------------------------------------------------------------


ONLY_VIOLATIONS = {"resultTypes": ["violations"]}
"""Takes axe less time than to tell of all that is right as well."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_it_is_accessible(browser: Browser, report: Path, scheme: Any, size: Any) -> None:
    with browser.new_context(viewport=size, color_scheme=scheme) as context:
        results = Axe().run(opened(context.new_page(), report), options=ONLY_VIOLATIONS)
        assert results.violations_count == 0, results.generate_report()


def test_everything_can_be_reached_and_opened_by_keyboard(
    browser: Browser, simulated: Path
) -> None:
    with browser.new_context(viewport=DESKTOP) as context:
        page = context.new_page()
        page.goto(simulated.as_uri())
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        count = page.evaluate("document.querySelectorAll('summary').length")
        reached = 0
        for _ in range(200):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.tagName") == "SUMMARY":
                reached += 1
                page.keyboard.press("Enter")
        assert reached >= count > 0
        assert page.evaluate("document.querySelectorAll('details:not([open])').length") == 0


def test_each_chart_says_what_it_shows_and_has_a_table(browser: Browser, simulated: Path) -> None:
    with browser.new_context(viewport=DESKTOP) as context:
        page = opened(context.new_page(), simulated)
        charts = page.get_by_role("img").all()
        assert len(charts) == 10
        for chart in charts:
            described = chart.get_attribute("aria-describedby")
            assert page.locator(f"#{described}").text_content()
            assert chart.locator("xpath=ancestor::section").get_by_role("table").count() > 0


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_dark_is_dark(browser: Browser, simulated: Path, size: Any) -> None:
    brightness = {}
    for scheme in ("light", "dark"):
        with browser.new_context(viewport=size, color_scheme=scheme) as context:  # type: ignore[arg-type]
            page = opened(context.new_page(), simulated)
            colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
            brightness[scheme] = sum(map(int, colour.removeprefix("rgb(")[:-1].split(",")))
    assert brightness["light"] == 3 * 255
    assert brightness["dark"] < 100


def test_on_paper_the_tables_are_whole_and_the_charts_wide(
    browser: Browser, simulated: Path
) -> None:
    with browser.new_context(viewport=PHONE, color_scheme="dark") as context:
        page = opened(context.new_page(), simulated)
        page.emulate_media(media="print")
        assert page.locator("figure .wide").first.is_visible()
        assert not page.locator("figure .narrow").first.is_visible()
        assert not page.get_by_role("navigation").is_visible()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == (
            "rgb(255, 255, 255)"
        )


# --- by itself -----------------------------------------------------------------------------------


def test_it_needs_nothing_but_itself_and_nothing_is_blocked(browser: Browser, report: Path) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        asked: list[str] = []
        messages: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: messages.append(message.text))
        opened(page, report)
        assert asked == [report.as_uri()]
        assert messages == []


def test_names_that_mean_harm_are_names(browser: Browser, hostile: Path) -> None:
    with browser.new_context(viewport=DESKTOP) as context:
        page = opened(context.new_page(), hostile)
        assert page.title() == "Unhaunt report: hostile.jsonl"
        assert page.locator("script, img, iframe, foreignObject, image").count() == 0
        shown = page.locator("#most").text_content() or ""
        assert HOSTILE[3:50] in shown
