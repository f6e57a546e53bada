"""The page of a box in a browser, as tests look at it."""

from pathlib import Path

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.support.browser import NARROW, PHONE, barriers, look, photograph
from tests.support.daemon import Daemon
from tests.support.system import eventually


class Page:
    """The page of a box, in a browser.

    Parameters
    ----------
    browser
        Shows it.
    pictures
        A folder for screenshots.
    """

    def __init__(self, browser: webdriver.Chrome, pictures: Path) -> None:
        self.browser = browser
        self._pictures = pictures

    def open(self, box: Daemon, login: str = "") -> None:
        """Go to the box's page; `login` stands in the address, with an ``@`` at its end."""
        self.browser.get(f"http://{login}127.0.0.1:{box.web_port}/")
        self.live()

    def live(self) -> None:
        """Wait until the page has a line to the box."""
        eventually(lambda: self.text("#connection") == "live", 30, "the line to the box")

    def find(self, selector: str) -> WebElement:
        """Return the first element that a CSS selector chooses."""
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector: str) -> str:
        """Return what is to be read there."""
        return self.find(selector).text

    def card(self, camera: str, selector: str) -> str:
        """Return the selector of something in a camera's card."""
        return f'[data-camera="{camera}"] {selector}'

    def shows(self, camera: str) -> bool:
        """Whether a picture of the camera is there to be seen."""
        image = self.find(self.card(camera, ".enlarge img"))
        return image.is_displayed() and image.get_property("naturalWidth") != 0

    def pixels(self, camera: str) -> str:
        """What the picture is now, for comparison."""
        script = """
            const image = document.querySelector(arguments[0]);
            const canvas = new OffscreenCanvas(64, 36);
            const pen = canvas.getContext("2d");
            pen.drawImage(image, 0, 0, 64, 36);
            return String(pen.getImageData(0, 0, 64, 36).data)"""
        return str(self.browser.execute_script(script, self.card(camera, ".enlarge img")))

    def moves(self, camera: str) -> None:
        """Wait until the picture is another one."""
        before = self.pixels(camera)
        eventually(lambda: self.pixels(camera) != before, 20, f"{camera} moving")

    def drawn(self, camera: str) -> bool:
        """Whether the timeline shows anything."""
        script = """
            const canvas = document.querySelector(arguments[0]);
            const { width, height } = canvas;
            return canvas.getContext("2d").getImageData(0, 0, width, height).data.some(d => d)"""
        return bool(self.browser.execute_script(script, self.card(camera, ".timeline canvas")))

    def check(self, name: str, sizes: tuple[tuple[int, int], ...] = (PHONE,)) -> None:
        """Take pictures by day and night; nothing may keep anybody out, nor run over the edge."""
        for size in sizes:
            device = "phone" if size == PHONE else "desktop"
            for scheme in ("light", "dark"):
                look(self.browser, size, scheme)
                photograph(self.browser, self._pictures / f"{name}-{device}-{scheme}.png", True)
                assert barriers(self.browser) == []
        look(self.browser, NARROW)
        width = "return document.documentElement.scrollWidth"
        assert self.browser.execute_script(width) == NARROW[0]
        look(self.browser, sizes[-1])
