"""The viewer for people: OHIF, served by a plugin of Orthanc, and the Content-Security-Policy of its pages.

The viewer gives access to nothing that a person could not read over DICOMweb; it avoids a copy on their own disk.
"""

from __future__ import annotations

PATH = "/ohif/"
MODES = ("viewer", "segmentation", "tmtv")
"""Pages below the list of studies."""

EDGE_PATHS = ("/", f"{PATH}*")
"""What the load balancer forwards; the root redirects to the viewer."""

ORTHANC = {
    "OHIF": {
        "RouterBasename": PATH,
        "DataSource": "dicom-web",  # the other source needs Orthanc's own REST API, which nginx does not expose
        "UserConfiguration": "/usr/share/image-store/viewer.js",
        "Preload": False,  # prepares each new instance for that other source
    }
}
"""https://orthanc.uclouvain.be/book/plugins/ohif.html"""

SWITCH = "OHIF_PLUGIN_ENABLED"
"""Environment variable. The image enables other plugins by their configuration section; for this one it expects `Ohif`:
https://github.com/orthanc-server/orthanc-builder/blob/master/docker/orthanc/plugins-def.json"""

PLUGINS_MB = 192
"""Memory to which the image copies plugins: one contains the files of OHIF, 48 MB compressed."""

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
"""Content-Security-Policy: a page loads from and connects to the store only.
`$request_id` is nginx's: 128 random bits, new for each response.
https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Content-Security-Policy"""


def content_security_policy() -> str:
    """`POLICY` as the header's value."""
    return "; ".join(f"{directive} {sources}" for directive, sources in POLICY.items())
