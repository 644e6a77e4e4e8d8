"""A real browser: Chromium and its driver from Debian, without a window, in its own sandbox."""

from __future__ import annotations

import json
import shlex
import subprocess
from base64 import b64encode
from collections.abc import Generator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from selenium import webdriver

from dataplane.debian import LIBRARIES, PackageSet, tree

CHROMIUM = PackageSet(suite="bookworm", packages=("chromium", "chromium-driver", "fonts-dejavu-core"))
SIZE = (1280, 900)
NETWORK_LOG = "network.json"
NAMESPACE = ["unshare", "--user", "--map-user=65534", "--map-group=65534"]
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{fonts}</dir><cachedir>{cache}</cachedir></fontconfig>
"""


@contextmanager
def browser(folder: Path, certificate: Path) -> Generator[webdriver.Chrome]:
    """A browser that believes a server only if it has the key of `certificate`, and finds no host but this one."""
    programs = tree(CHROMIUM)
    libraries = programs.root / LIBRARIES
    fonts = folder / "fonts.conf"
    fonts.write_text(FONTS.format(fonts=programs.program("usr/share/fonts"), cache=folder / "fonts"))
    environment = programs.environment(
        LD_LIBRARY_PATH=f"{libraries}:{libraries}/pulseaudio:{libraries}/nss",
        FONTCONFIG_FILE=str(fonts),
        HOME=str(folder),
        DBUS_SESSION_BUS_ADDRESS="disabled:",
    )
    options = webdriver.ChromeOptions()
    options.binary_location = str(_starter(folder, programs.program("usr/lib/chromium/chromium")))
    for argument in (
        "--headless=new",
        f"--user-data-dir={folder / 'profile'}",
        f"--window-size={SIZE[0]},{SIZE[1]}",
        f"--ignore-certificate-errors-spki-list={_pin(certificate)}",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-default-apps",
        "--disable-sync",
        "--no-first-run",
        "--use-angle=swiftshader",  # there is no graphics card
        "--enable-unsafe-swiftshader",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    options.add_argument(f"--log-net-log={folder / NETWORK_LOG}")
    service = webdriver.ChromeService(executable_path=programs.program("usr/bin/chromedriver"), env=environment)
    driver = webdriver.Chrome(options=options, service=service)
    try:
        yield driver
    finally:
        driver.quit()


def _starter(folder: Path, chromium: str) -> Path:
    """A script that starts Chromium. Its sandbox refuses root, and is made of user namespaces; there, root is nobody."""
    sandboxed = subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode == 0
    command = [*NAMESPACE, chromium] if sandboxed else [chromium, "--no-sandbox"]
    script = folder / "chromium"
    script.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
    script.chmod(0o755)
    return script


def _pin(certificate: Path) -> str:
    key = x509.load_pem_x509_certificate(certificate.read_bytes()).public_key()
    return b64encode(sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()).decode()


def requested(driver: webdriver.Chrome) -> list[str]:
    """Addresses that the page asked for since the last call, whether or not they were blocked."""
    events = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    return [each["params"]["request"]["url"] for each in events if each["method"] == "Network.requestWillBeSent"]


def connected(folder: Path) -> set[str]:
    """Hosts that the browser, all its workers and services tried to connect to, once it is closed."""
    log = json.loads((folder / NETWORK_LOG).read_text())
    attempt = log["constants"]["logEventTypes"]["TCP_CONNECT_ATTEMPT"]
    found = [event["params"] for event in log["events"] if event["type"] == attempt and "params" in event]
    return {params["address"].rpartition(":")[0] for params in found if "address" in params}
