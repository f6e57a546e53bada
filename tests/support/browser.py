"""Headless Chromium."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from tests.support.system import program

_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


@contextmanager
def chromium(profile: Path, width: int, height: int) -> Iterator[webdriver.Chrome]:
    """Open a browser with a window of this size and a profile of its own."""
    options = webdriver.ChromeOptions()
    options.binary_location = program("chromium")
    for flag in (*_FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{height}"):
        options.add_argument(flag)
    browser = webdriver.Chrome(options, Service(program("chromedriver")))
    try:
        browser.set_page_load_timeout(30)
        yield browser
    finally:
        browser.quit()
