"""Makes the README's pictures of the page: page.png and phone.png, with a real browser.

A daemon shows the demo clip for two minutes first, so that there is something to see.
"""

import tempfile
import time
from pathlib import Path

from selenium.webdriver.common.by import By

from tests.support.browser import PHONE, chromium, look, photograph
from tests.support.daemon import Daemon
from tests.support.system import eventually

BRIGHT = 140
MIDDLE = range(300, 500)
"""Where the left edge of a face is then, in pixels."""


def main() -> None:
    """Write the pictures beside this file."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        box = Daemon(folder, {"node": "shop-window", "cameras": {"door": {"source": "demo"}}})
        try:
            take(box.ready(), folder)
        finally:
            box.stop()


def take(box: Daemon, folder: Path) -> None:
    """Wait for a good moment on each device, and take its picture."""
    time.sleep(120)
    with chromium(folder / "profile", 1280, 1030) as browser:
        for file, size in (("page.png", (1280, 1030)), ("phone.png", PHONE)):
            look(browser, size)
            browser.get(f"http://127.0.0.1:{box.web_port}/")

            def good() -> bool:
                """Whether somebody is in the middle, in good light."""
                listed = browser.find_elements(By.CSS_SELECTOR, ".faces details")
                middle = [f for f in box.cameras()[0]["faces"] if f["box"][0] in MIDDLE]
                script = """
                    const pen = document.createElement("canvas").getContext("2d");
                    pen.drawImage(document.querySelector(".enlarge img"), 0, 0, 1, 1);
                    return pen.getImageData(0, 0, 1, 1).data[0]"""
                return bool(listed and middle) and browser.execute_script(script) > BRIGHT

            time.sleep(8)  # for the timeline
            eventually(good, 60, "a good moment")
            photograph(browser, Path(__file__).parent / file)


if __name__ == "__main__":
    main()
