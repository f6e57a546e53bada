"""A box that others reach: HTTPS, a login, a browser that signs in, a player."""

import os
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
import trustme
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.support.browser import (
    DESKTOP,
    PHONE,
    barriers,
    chromium,
    console_errors,
    look,
    photograph,
)
from tests.support.daemon import Daemon, run_cli
from tests.support.system import eventually, program
from tests.support.web_server import LOGIN, PASSWORD, Box, basic, bearer

Start = Callable[..., Daemon]

CAMERAS = {"door": {"source": "demo", "capture": {"fps": 4}}}


def submit(browser: webdriver.Chrome, password: str) -> None:
    page = browser.find_element(By.TAG_NAME, "html")
    name = browser.find_element(By.ID, "username")
    if not name.get_attribute("value"):
        name.send_keys("admin")
    browser.find_element(By.ID, "password").send_keys(password)
    browser.find_element(By.CSS_SELECTOR, "button").click()
    eventually(lambda: left(page), what="another page")
    whole = "return document.readyState === 'complete'"
    eventually(lambda: browser.execute_script(whole), what="all of the page")


def left(page: WebElement) -> bool:
    """Return whether the browser shows another page by now."""
    try:
        page.is_enabled()
    except WebDriverException:
        return True
    return False


def alert(browser: webdriver.Chrome) -> str:
    return browser.find_element(By.CSS_SELECTOR, "[role=alert]").text


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "light"), (DESKTOP, "dark")])
def test_a_browser_signs_in(
    daemon: Start, tmp_path: Path, size: tuple[int, int], scheme: Literal["light", "dark"]
) -> None:
    kept = {"STATE_DIRECTORY": str(tmp_path)}
    box = daemon(kept, cameras=CAMERAS, web=dict(LOGIN)).ready()
    with chromium(tmp_path / "profile", *size) as browser:
        look(browser, size, scheme)
        browser.get(f"http://127.0.0.1:{box.web_port}/?x=1")
        assert browser.title == "Sign in · edge-fer"
        assert browser.switch_to.active_element.get_attribute("id") == "username"
        assert barriers(browser) == []
        submit(browser, "wrong horse")
        assert alert(browser) == "The name or the password is wrong."
        assert browser.switch_to.active_element.get_attribute("id") == "password"
        assert barriers(browser) == []
        folder = Path(os.environ.get("EDGE_FER_PICTURES", tmp_path))
        photograph(browser, folder / f"login-{scheme}.png")
        # Five at once, and then one each 15 s: on a slow machine that is more than six in all.
        eventually(lambda: _is_told_to_wait(browser), 120, "too many failures")
        console_errors(browser)  # a browser tells each refusal there
        eventually(lambda: _try(browser), 60, "the end of the wait")
        assert browser.current_url.endswith("/?x=1")
        live = "return document.querySelector('#connection').textContent"
        eventually(lambda: "live" in browser.execute_script(live), 30, "the page at work")
        picture = "return document.querySelector('[data-camera=door] .enlarge img').naturalWidth"
        eventually(lambda: browser.execute_script(picture), 30, "the picture")

        box.stop()
        again = daemon(kept, **box.config).ready()
        eventually(lambda: "live" in browser.execute_script(live), 30, "the page healed")
        assert again.web_port == box.web_port
        browser.execute_script("return fetch('/logout', {method: 'POST'})")
        browser.refresh()
        assert browser.title == "Sign in · edge-fer"


def _is_told_to_wait(browser: webdriver.Chrome) -> bool:
    submit(browser, "wrong horse")
    return "wait" in alert(browser)


def _try(browser: webdriver.Chrome) -> bool:
    submit(browser, PASSWORD)
    return browser.title != "Sign in · edge-fer"


def test_a_box_on_the_network(daemon: Start, tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(str(tmp_path / "box.key"))
    (tmp_path / "box.pem").write_bytes(b"".join(p.bytes() for p in issued.cert_chain_pems))
    (tmp_path / "web.password").write_text(LOGIN["password"] + "\n")
    web = {
        **LOGIN, "host": "0.0.0.0", "password": "${file:web.password}",
        "tls": {"certificate": "box.pem", "key": "box.key"},
    }  # fmt: skip
    process = daemon(cameras=CAMERAS, web=web)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    box = Box(None, process.web_port, None, None, trust)  # type: ignore[arg-type]

    def answers() -> bool:
        try:
            return box.ask("/healthz").status == 200
        except OSError:
            return False

    eventually(answers, 100, "the daemon answers")
    # It listens before it says so.
    address = f":{process.web_port}/"
    eventually(lambda: "https://" in process.text and address in process.text, 30, "its address")
    assert "travel openly" not in process.text
    for path in ("/", "/metrics", "/readyz", "/api/state", "/cameras/door/stream.mjpg"):
        assert box.ask(path).status == 401
    assert box.ask("/metrics", headers=bearer()).status == 200
    config = box.ask("/api/config", headers=basic()).body
    assert b"scrypt" not in config
    assert b"sha256:" not in config

    player = [
        program("ffmpeg"), "-v", "error", "-tls_verify", "0", "-f", "mpjpeg",
        "-i", f"https://admin:correct%20horse%3A%20battery@127.0.0.1:{process.web_port}"
        "/cameras/door/stream.mjpg", "-frames:v", "10", "-f", "null", "-",
    ]  # fmt: skip
    played = subprocess.run(player, capture_output=True, text=True, timeout=60, check=False)
    assert (played.returncode, played.stderr) == (0, "")
    assert process.stop()[0] == 0
    assert "Traceback" not in process.text


def test_what_is_unwise_is_told(daemon: Start) -> None:
    box = daemon(cameras=CAMERAS, web={**LOGIN, "host": "0.0.0.0"}).ready()
    eventually(lambda: "passwords and pictures travel openly" in box.text)


def test_check_finds_a_missing_certificate(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(
        "cameras: {door: {source: demo}}\nweb: {tls: {certificate: none.pem, key: none.key}}\n"
    )
    for command in ("check", "run"):
        done = run_cli(command, "--config", tmp_path / "config.yaml")
        assert done.returncode == 2
        assert "web.tls.certificate: cannot read" in done.stderr
        assert len(done.stderr.splitlines()) == 1
