"""Headless Chromium: the page as people with different devices see it."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium_axe_python import Axe

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

PHONE = (390, 844)
DESKTOP = (1280, 900)
NARROW = (320, 640)


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
        browser.set_script_timeout(60)
        yield browser
    finally:
        browser.quit()


def look(
    browser: webdriver.Chrome, size: tuple[int, int], scheme: Literal["light", "dark"] = "light"
) -> None:
    """Become a device with a screen of this size, and a user who likes it light or dark."""
    width, height = size
    phone = width < 600
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1 + phone, "mobile": phone}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def photograph(browser: webdriver.Chrome, path: Path, whole: bool = False) -> None:
    """Write what is on the screen, or the whole page, as PNG."""
    options: dict[str, Any] = {"format": "png"}
    if whole:
        size = browser.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
        options |= {"captureBeyondViewport": True, "clip": {**size, "scale": 1}}
    shot = browser.execute_cdp_cmd("Page.captureScreenshot", options)
    path.write_bytes(base64.b64decode(shot["data"]))


def barriers(browser: webdriver.Chrome) -> list[str]:
    """Return what axe finds that keeps people from using the page as it is now."""
    axe = Axe(browser)
    if not browser.execute_script("return 'axe' in window"):
        axe.inject()
    found = axe.run(options={"resultTypes": ["violations"]})["violations"]
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in found
        for node in rule["nodes"]
    ]


def console_errors(browser: webdriver.Chrome) -> list[str]:
    """Return the errors of the console since the last call."""
    return [json.dumps(e) for e in browser.get_log("browser") if e["level"] == "SEVERE"]
