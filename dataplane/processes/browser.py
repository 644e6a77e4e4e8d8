"""Headless Chromium from Debian, driven by Selenium, in its own sandbox."""

from __future__ import annotations

import json
import shlex
from base64 import b64encode
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from selenium import webdriver

from dataplane.packages.debian import CHROMIUM, LIBRARIES, PackageTree, package_tree
from dataplane.processes.namespaces import namespace_command

SIZE = (1280, 900)
NETWORK_LOG = "network.json"
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{fonts}</dir><cachedir>{cache}</cachedir></fontconfig>
"""


SWITCHES = (
    "--headless=new",
    f"--window-size={SIZE[0]},{SIZE[1]}",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
    "--use-angle=swiftshader",  # rendering without a graphics card
    "--enable-unsafe-swiftshader",
)


@contextmanager
def open_browser(folder: Path, certificate: Path) -> Generator[webdriver.Chrome]:
    """Opens a browser that trusts only servers with the key of `certificate`, and resolves no host but localhost."""
    programs = package_tree(CHROMIUM)
    options = webdriver.ChromeOptions()
    options.binary_location = str(_write_launcher(folder, programs.path("usr/lib/chromium/chromium")))
    for argument in (
        *SWITCHES,
        f"--user-data-dir={folder / 'profile'}",
        f"--ignore-certificate-errors-spki-list={_pin(certificate)}",
        f"--log-net-log={folder / NETWORK_LOG}",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    environment = dict(_environment(folder, programs))
    service = webdriver.ChromeService(executable_path=programs.path("usr/bin/chromedriver"), env=environment)
    driver = webdriver.Chrome(options=options, service=service)
    try:
        yield driver
    finally:
        driver.quit()


def _environment(folder: Path, programs: PackageTree) -> Mapping[str, str]:
    libraries = programs.path(LIBRARIES)
    fonts = folder / "fonts.conf"
    fonts.write_text(FONTS.format(fonts=programs.path("usr/share/fonts"), cache=folder / "fonts"))
    return programs.environment(
        LD_LIBRARY_PATH=f"{libraries}:{libraries}/pulseaudio:{libraries}/nss",
        FONTCONFIG_FILE=str(fonts),
        HOME=str(folder),
        DBUS_SESSION_BUS_ADDRESS="disabled:",
    )


def _write_launcher(folder: Path, chromium: str) -> Path:
    """A script that starts Chromium. Its sandbox needs user namespaces and refuses root, who is nobody in them."""
    namespace = namespace_command()
    command = [*namespace, chromium] if namespace else [chromium, "--no-sandbox"]
    script = folder / "chromium"
    script.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
    script.chmod(0o755)
    return script


def _pin(certificate: Path) -> str:
    key = x509.load_pem_x509_certificate(certificate.read_bytes()).public_key()
    return b64encode(sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()).decode()


def requested_urls(driver: webdriver.Chrome) -> list[str]:
    """URLs that the page requested since the last call, including blocked ones."""
    events = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    return [each["params"]["request"]["url"] for each in events if each["method"] == "Network.requestWillBeSent"]


def contacted_hosts(folder: Path) -> set[str]:
    """Hosts that the browser with its workers and services tried to connect to. The browser must be closed."""
    log = json.loads((folder / NETWORK_LOG).read_text())
    attempt = log["constants"]["logEventTypes"]["TCP_CONNECT_ATTEMPT"]
    found = [event["params"] for event in log["events"] if event["type"] == attempt and "params" in event]
    return {params["address"].rpartition(":")[0] for params in found if "address" in params}
