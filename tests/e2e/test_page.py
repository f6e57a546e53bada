"""The page in a real browser."""

import os
from collections.abc import Callable
from pathlib import Path

from selenium.webdriver.common.by import By

from tests.support.browser import chromium
from tests.support.daemon import Daemon
from tests.support.servers import RtspServer
from tests.support.system import Process, eventually, free_port

Start = Callable[..., Daemon]


def test_the_page_shows_an_rtsp_camera_and_that_the_box_is_gone(
    daemon: Start, rtsp: RtspServer, mosquitto: tuple[Process, int], tmp_path: Path
) -> None:
    box = daemon(
        node="shop-window",
        cameras={"door": {"source": rtsp.url}},
        mqtt={"broker": "127.0.0.1", "port": mosquitto[1]},
    ).ready()
    with chromium(tmp_path / "profile", 1000, 860) as browser:
        browser.get(f"http://127.0.0.1:{box.web_port}/")
        assert browser.find_element(By.TAG_NAME, "header").text.startswith("edge-fer")
        width = "return document.querySelector('article img').naturalWidth"
        eventually(lambda: browser.execute_script(width) == 960, 30, "the stream in the page")

        def faces() -> str:
            return browser.find_element(By.CSS_SELECTOR, "article ul").text

        eventually(lambda: "happy" in faces(), 40, "a happy face in the list")
        picture = Path(os.environ.get("EDGE_FER_PICTURES", tmp_path)) / "page.png"
        assert browser.save_screenshot(str(picture))
        assert browser.find_element(By.CSS_SELECTOR, ".dot").get_attribute("class") == "dot online"
        assert box.metric("edge_fer_stream_viewers", camera="door") == 1
        assert not [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]

        box.stop()
        status = browser.find_element(By.CSS_SELECTOR, ".status")
        eventually(lambda: status.text == "lost", 10, "the page noticing that the box is gone")

        again = daemon(**box.config).ready()
        eventually(lambda: status.text == "online", 30, "the page noticing that it is back")
        eventually(
            lambda: again.metric("edge_fer_stream_viewers", camera="door") == 1, 10, "the stream"
        )


def test_the_page_is_there_while_a_camera_is_not(daemon: Start, tmp_path: Path) -> None:
    box = daemon(cameras={"door": {"source": f"rtsp://127.0.0.1:{free_port()}/clip"}}).ready()
    with chromium(tmp_path / "profile", 390, 800) as browser:
        browser.get(f"http://127.0.0.1:{box.web_port}/")  # waits until all of it is loaded
        status = browser.find_element(By.CSS_SELECTOR, ".status")
        eventually(lambda: status.text == "offline", 30)
