"""The page in a real browser, as a phone and a desk show it, by day and night."""

import http.client
import os
import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.support.browser import DESKTOP, PHONE, barriers, chromium, console_errors, look
from tests.support.daemon import Daemon
from tests.support.page import Page
from tests.support.reverse_proxy import reverse_proxy
from tests.support.servers import RtspServer
from tests.support.system import Process, eventually
from tests.support.web_server import LOGIN, PASSWORD, bearer

Start = Callable[..., Daemon]

SLOW = {"source": "demo", "capture": {"fps": 4}}
"""A camera that leaves time for others."""


@pytest.fixture(scope="module")
def demo_h264(face_h264: Path) -> Path:
    """What the RTSP server plays: somebody is there all the time."""
    return face_h264


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where screenshots go: to somebody who wants to look, or away."""
    folder = Path(os.environ.get("EDGE_FER_PICTURES", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def page(tmp_path: Path, pictures: Path) -> Iterator[Page]:
    """A browser on a desk."""
    with chromium(tmp_path / "profile", *DESKTOP) as browser:
        look(browser, DESKTOP)
        yield Page(browser, pictures)


def test_one_camera_from_the_first_look_to_the_end_of_the_box(
    daemon: Start, rtsp: RtspServer, mosquitto: tuple[Process, int], page: Page
) -> None:
    box = daemon(
        node="shop-window",
        cameras={"door": {"source": rtsp.url, "capture": {"stall_seconds": 3}}},
        mqtt={"broker": "127.0.0.1", "port": mosquitto[1]},
    ).ready()
    page.open(box)
    assert page.text("h1") == "shop-window"
    eventually(lambda: page.shows("door"), 30, "the stream in the page")
    eventually(lambda: "happy" in page.text(".faces"), 40, "a happy face in the list")
    page.moves("door")
    eventually(lambda: page.text(".status") == "online", 10)
    eventually(lambda: page.text("#broker") == "MQTT connected", 10)
    eventually(lambda: "appeared: happy" in page.text("#events ol"), 20, "an event in words")
    eventually(lambda: page.drawn("door"), 20, "the timeline")
    eventually(lambda: re.search(r"happy\s\d+ %", page.text(".legend")), 10)
    assert page.text(".model summary").startswith("fer-edge-votes-int8 on")
    eventually(lambda: box.metric("edge_fer_stream_viewers", camera="door") == 1, 10)
    page.check("one", (DESKTOP, PHONE))
    assert console_errors(page.browser) == []

    rtsp.kill()
    eventually(lambda: page.text(".status") in {"reconnecting", "offline"}, 30, "the loss")
    eventually(lambda: "camera" in page.text(".veil"), 10, "words over the old picture")
    page.check("camera-lost")
    rtsp.start()
    eventually(lambda: page.text(".status") == "online", 60, "the camera coming back")
    eventually(lambda: "Camera door is online" in page.text("#events ol"), 10)
    page.moves("door")

    box.stop()
    eventually(lambda: page.text("#connection") == "no connection", 30, "the loss of the box")
    assert page.text(".status") == "no connection"
    assert page.find(".pause").get_attribute("aria-disabled") == "true"
    page.check("box-gone")
    again = daemon(**box.config).ready()
    eventually(lambda: page.text("#connection") == "live", 40, "the box coming back")
    eventually(lambda: page.text(".status") == "online", 40, "the camera")
    eventually(lambda: again.metric("edge_fer_stream_viewers", camera="door") == 1, 20, "a stream")
    page.moves("door")


def test_four_cameras_and_their_switches(daemon: Start, page: Page) -> None:
    long = "the-back-entrance-" * 3
    privacies = {"hall": {"mode": "anonymous"}, "lift": {"mode": "aggregate"}}
    cameras = {name: {**SLOW, "privacy": privacy} for name, privacy in privacies.items()}
    box = daemon(node="store-7", cameras={"entrance": SLOW, long: SLOW, **cameras}).ready()
    page.open(box)
    for camera in ("entrance", long):
        eventually(lambda: page.shows(camera), 40, f"{camera} in the page")  # noqa: B023 - waits
    assert "4 cameras" in page.text("#summary")
    for camera, mode in privacies.items():
        veil = page.card(camera, ".veil")
        eventually(lambda: mode["mode"] in page.text(veil), 20, "the reason")  # noqa: B023 - waits
        assert not page.shows(camera)
    eventually(
        lambda: "happy" in page.text(page.card("hall", ".faces")), 60, "a face without a name"
    )
    few = "Too few people to be counted."
    eventually(lambda: page.text(page.card("lift", ".faces")) == few, 10)

    # By the keyboard alone.
    page.find(page.card("entrance", ".pause")).send_keys(Keys.ENTER)
    eventually(lambda: page.text(page.card("entrance", ".status")) == "paused", 10, "the pause")
    assert page.text(page.card("entrance", ".pause")) == "Resume"
    focus = "return document.activeElement.className"
    assert page.browser.execute_script(focus) == "pause"
    page.find(page.card(long, ".detector")).send_keys(Keys.SPACE)
    off = page.card(long, '.detector[aria-checked="false"]')
    eventually(lambda: page.browser.find_elements(By.CSS_SELECTOR, off), 10, "the switch")
    switches = {camera["name"]: (camera["paused"], camera["detector"]) for camera in box.cameras()}
    assert switches == {
        "entrance": (True, True), long: (False, False),
        "hall": (False, True), "lift": (False, True),
    }  # fmt: skip
    page.check("four", (DESKTOP, PHONE))
    assert console_errors(page.browser) == []
    page.find(page.card("entrance", ".pause")).click()
    eventually(
        lambda: page.text(page.card("entrance", ".status")) == "online", 10, "the resumption"
    )


def test_a_picture_is_enlarged_a_face_opened_and_the_timeline_read(
    daemon: Start, page: Page
) -> None:
    box = daemon(cameras={"door": {"source": "demo", "capture": {"fps": 10}}}).ready()
    page.open(box)
    eventually(lambda: page.drawn("door"), 60, "the timeline")
    slider = page.find(".timeline input")
    slider.send_keys(Keys.END)
    words = [slider.get_attribute("aria-valuetext")]
    for _ in range(12):
        slider.send_keys(Keys.LEFT)
        words.append(slider.get_attribute("aria-valuetext"))
    assert any("happy" in str(word) for word in words)
    assert page.find(".tip").is_displayed()
    page.find("h1").click()
    assert not page.find(".tip").is_displayed()
    ActionChains(page.browser).click_and_hold(slider).perform()
    assert page.find(".tip").is_displayed()
    ActionChains(page.browser).release().perform()

    def opened() -> bool:
        script = "document.querySelector('.faces details')?.setAttribute('open', '')"
        page.browser.execute_script(script)
        return len(page.browser.find_elements(By.CSS_SELECTOR, ".faces [open] .all li")) == 7

    eventually(opened, 60, "all seven probabilities")
    page.find("#notice summary").send_keys(Keys.ENTER)
    assert "stores no pictures" in page.text("#notice blockquote")
    page.check("opened", (PHONE, DESKTOP))

    # A browser does not say that a stream has ended: its last picture stays.
    freeze = """
        const image = document.querySelector('.enlarge img');
        image.src = image.src.replace('stream.mjpg', 'snapshot.jpg')"""
    page.browser.execute_script(freeze)
    eventually(lambda: viewers(box) == 0, 20, "the end of the stream")
    eventually(lambda: viewers(box) == 1, 40, "the page noticing that nothing moves")
    page.moves("door")

    for _ in range(2):
        page.find(".enlarge").send_keys(Keys.ENTER)
        eventually(lambda: page.find("dialog img").is_displayed(), 20, "the large picture")
        eventually(lambda: viewers(box) == 1, 20, "the small stream to end")
        assert (
            page.find("dialog .close").size["height"] == page.find(".title-bar").size["height"] - 16
        )
        page.find("dialog").send_keys(Keys.ESCAPE)
        eventually(lambda: not page.find("dialog").is_displayed(), 10, "its end")
        page.moves("door")
        eventually(lambda: viewers(box) == 1, 20, "one stream only")
    assert console_errors(page.browser) == []


def test_a_page_says_what_it_does_not_know(daemon: Start, page: Page) -> None:
    box = daemon(cameras={"door": SLOW}).ready()
    page.open(box)
    eventually(lambda: page.shows("door"), 40, "the stream")
    page.find(".enlarge").send_keys(Keys.ENTER)
    eventually(lambda: page.find("dialog img").is_displayed(), 20, "the large picture")
    assert page.find("dialog img").get_attribute("alt") == "Live picture of door"
    page.check("large")

    box.freeze()
    eventually(lambda: page.text("#connection") == "no connection", 20, "the loss of the box")
    eventually(lambda: page.text("dialog .veil") == "No connection to the box.", 10)
    assert page.find("dialog img").get_attribute("alt") == "Old picture of door"
    box.thaw()
    eventually(lambda: page.find("dialog .veil").is_displayed() is False, 20, "the picture again")
    page.find("dialog").send_keys(Keys.ESCAPE)
    page.moves("door")

    first = page.browser.current_window_handle
    page.browser.switch_to.new_window("tab")
    eventually(lambda: viewers(box) == 0, 30, "the end of the stream")
    box.freeze()
    page.browser.switch_to.window(first)
    eventually(lambda: page.text("#connection") in {"connecting", "no connection"}, 10)
    assert "onnect" in page.text("#summary")
    assert "onnect" in page.text(".screen .veil")
    box.thaw()
    page.live()
    page.moves("door")


def test_a_photo_is_read_or_refused_in_words(
    daemon: Start, page: Page, tmp_path: Path, face_frame: NDArray[np.uint8]
) -> None:
    pictures = {
        "anna.jpg": face_frame,
        "anna.webp": face_frame,
        "large.jpg": cv2.resize(face_frame, (7000, 3938)),
        "wall.png": np.zeros((360, 640, 3), np.uint8),
    }
    files = {name: tmp_path / name for name in pictures}
    for name, image in pictures.items():
        cv2.imwrite(str(files[name]), image)
    text, huge = tmp_path / "note.jpg", tmp_path / "huge.png"
    text.write_text("no picture")
    huge.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(11_000_000))
    # With a password in its address, as some open boxes that want one.
    page.open(daemon(cameras={"door": SLOW}).ready(), "anna:secret@")
    chooser = page.find("#photo input")

    def read(name: str) -> None:
        chooser.send_keys(str(files[name]))
        canvas = page.find("#photo canvas")
        told = f"{name} with 1 face"
        eventually(lambda: canvas.get_attribute("aria-label") == told, 40, told)
        eventually(lambda: page.find("#photo .result").is_displayed(), 30, "the result")
        assert "happy" in page.text("#photo .faces")

    read("anna.jpg")
    assert page.text("#photo .progress") == "1 face, read by fer-edge-votes-int8."
    page.find("#photo summary").click()
    page.check("photo", (DESKTOP, PHONE))
    read("anna.webp")
    read("large.jpg")
    drop = """
        const bytes = Uint8Array.from(atob(arguments[0]), letter => letter.charCodeAt(0));
        const dataTransfer = new DataTransfer();
        for (const name of ["bert", "carla"]) dataTransfer.items.add(new File([bytes], name));
        document.querySelector(".drop").dispatchEvent(
          new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer }))"""
    page.browser.execute_script(drop, b64encode(files["anna.jpg"].read_bytes()).decode())
    eventually(lambda: "Only the first" in page.text("#photo .progress"), 30, "one of two")
    chooser.send_keys(str(files["wall.png"]))
    eventually(lambda: page.text("#photo .progress") == "No face was found.", 30, "nobody")
    assert console_errors(page.browser) == []

    def refused(file: Path, words: str) -> None:
        chooser.send_keys(str(file))
        eventually(lambda: words in page.text("#photo .alert"), 30, words)
        assert not page.find("#photo .result").is_displayed()

    refused(text, "is no picture")
    page.check("photo-refused")
    refused(huge, "too large")


def test_many_cameras_share_four_streams_and_a_hidden_tab_has_none(
    daemon: Start, page: Page
) -> None:
    names = [f"camera-{number}" for number in range(1, 7)]
    box = daemon(cameras=dict.fromkeys(names, SLOW)).ready()
    look(page.browser, (1800, 1400))
    page.open(box)
    for name in names:
        eventually(lambda: page.shows(name), 60, f"{name} in the page")  # noqa: B023 - waits
    eventually(lambda: viewers(box) == 4, 20, "four streams")
    for name in names:
        page.moves(name)  # those without a stream as well
    eventually(lambda: viewers(box) == 4, 20, "four streams, still")
    first = page.browser.current_window_handle
    page.browser.switch_to.new_window("tab")
    eventually(lambda: viewers(box) == 0, 30, "the end of all streams")
    page.browser.switch_to.window(first)
    eventually(lambda: viewers(box) == 4, 30, "the streams coming back")
    # A browser's six connections are for all windows.
    page.browser.switch_to.new_window("window")
    page.open(box)
    eventually(lambda: viewers(box) == 2, 30, "one stream each")
    page.browser.close()
    page.browser.switch_to.window(first)
    eventually(lambda: viewers(box) == 4, 30, "all streams for the one that is left")
    assert console_errors(page.browser) == []


def test_behind_a_proxy_with_a_login_and_too_many_listeners(daemon: Start, page: Page) -> None:
    web = {**LOGIN, "proxies": ["127.0.0.1"], "max_viewers": 1}
    box = daemon(cameras={"door": {"source": "demo", "capture": {"fps": 10}}}, web=web).ready()

    def sign_in() -> None:
        page.find("#username").send_keys("admin")
        page.find("#password").send_keys(PASSWORD, Keys.ENTER)
        eventually(lambda: page.browser.find_elements(By.ID, "connection"), 20, "the page")
        page.live()

    listener = http.client.HTTPConnection("127.0.0.1", box.web_port, timeout=10)
    with closing(listener), reverse_proxy(box.web_port, "/boxes/door") as url:
        listener.request("GET", "/api/events", headers=bearer())
        assert listener.getresponse().status == 200
        page.browser.get(f"{url}/")
        sign_in()
        eventually(lambda: page.shows("door"), 40, "the stream")
        page.moves("door")
        assert page.text("nav form") == "Sign out"
        assert page.find("nav a:last-of-type").get_property("href") == f"{url}/metrics"
        assert barriers(page.browser) == []
        # The one seat may still be taken: then stills do.
        page.find(".enlarge").send_keys(Keys.ENTER)
        eventually(lambda: page.find("dialog img").is_displayed(), 20, "the large picture")
        page.find("dialog").send_keys(Keys.ESCAPE)

        # Events come by and by though nobody else may listen.
        newest = "#events li:first-child"
        eventually(lambda: page.browser.find_elements(By.CSS_SELECTOR, newest), 40, "an event")
        before = page.find(newest).get_attribute("data-key")
        later = lambda: page.find(newest).get_attribute("data-key") != before  # noqa: E731
        eventually(later, 40, "a later event")
        assert page.text("#connection") == "live"

        page.browser.delete_all_cookies()
        login = f"{url}/login?next="
        eventually(lambda: page.browser.current_url.startswith(login), 30, "the login")
        sign_in()
        assert page.browser.current_url == f"{url}/"


def viewers(box: Daemon) -> float:
    """How many streams are watched."""
    names = [camera["name"] for camera in box.cameras()]
    return sum(box.metric("edge_fer_stream_viewers", camera=name) for name in names)
