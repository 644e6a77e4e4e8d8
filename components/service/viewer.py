"""The viewer for people: OHIF, which a plugin of Orthanc holds and serves, and what a page of it may do.

Nothing here lets anybody read what they could not read over DICOMweb; it saves them a copy on a disk of their own.
"""

from __future__ import annotations

PATH = "/ohif/"
MODES = ("viewer", "segmentation", "tmtv")
"""Pages below the list of studies."""

EDGE_PATHS = ("/", f"{PATH}*")
"""What the balancer forwards; the root leads to the viewer."""

ORTHANC = {
    "OHIF": {
        "RouterBasename": PATH,
        "DataSource": "dicom-web",  # the other source reads Orthanc's own REST API, which nginx lets nobody reach
        "UserConfiguration": "/usr/share/image-store/viewer.js",
        "Preload": False,  # would prepare each new instance for that other source
    }
}
"""https://orthanc.uclouvain.be/book/plugins/ohif.html"""

SWITCH = "OHIF_PLUGIN_ENABLED"
"""Environment variable. Of all plugins, the image does not know this one by its section, whose name it writes `Ohif`:
https://github.com/orthanc-server/orthanc-builder/blob/master/docker/orthanc/plugins-def.json"""

PLUGINS_MB = 192
"""Memory that the image copies plugins to: the files of OHIF, 48 MB compressed, are part of one."""

POLICY = {
    "default-src": "'none'",
    "script-src": "'self' 'nonce-$request_id' 'wasm-unsafe-eval'",  # decoders are WebAssembly
    "style-src": "'self' 'unsafe-inline'",  # its libraries write style elements
    "img-src": "'self' blob: data:",
    "font-src": "'self' data:",
    "connect-src": "'self' blob: data:",
    "worker-src": "'self' blob:",
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
"""Content-Security-Policy: from where a page may load what, and whom it may tell; nothing and nobody but the store.
`$request_id` is nginx's: 128 random bits, anew for each answer.
https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Content-Security-Policy"""


def policy() -> str:
    """`POLICY` as the header's value."""
    return "; ".join(f"{directive} {sources}" for directive, sources in POLICY.items())
