"""A real browser for the tests: Chromium, as the system has it installed."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest
from playwright.sync_api import Browser, sync_playwright

NAMES: Final = ("chromium", "chromium-browser", "google-chrome")


def require_chromium() -> str:
    """The browser's path; skips, saying so, where there is none."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    pytest.skip(f"needs a browser: none of {', '.join(NAMES)} is installed")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser of its own, closed at the end."""
    with sync_playwright() as playwright:
        # Its sandbox does not let root in.
        browser = playwright.chromium.launch(
            executable_path=require_chromium(), chromium_sandbox=os.geteuid() != 0
        )
        with browser:
            yield browser
