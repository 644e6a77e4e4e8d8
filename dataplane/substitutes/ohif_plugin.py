"""Substitute for Orthanc's OHIF plugin, which Debian does not package: same section, paths, types and headers.

https://orthanc.uclouvain.be/hg/orthanc-ohif/file/tip/Sources/Plugin.cpp
"""

import json
import mimetypes
import os
from pathlib import Path
from typing import Any

import orthanc  # ty: ignore[import-not-found]  a module of Orthanc's Python plugin

FILES = Path(os.environ["OHIF_FILES"]).resolve()
HEADERS = Path(os.environ["OHIF_HEADERS"])
"""Log of the names of the headers that reach Orthanc."""

SETTINGS = json.loads(orthanc.GetConfiguration())["OHIF"]
PAGES = {"", "viewer", "tmtv", "segmentation", "microscopy"}
SOURCE = {
    "friendlyName": "Orthanc DICOMweb",
    "namespace": "@ohif/extension-default.dataSourcesModule.dicomweb",
    "sourceName": "dicomweb",
    "configuration": {
        "name": "orthanc",
        "wadoUriRoot": "../dicom-web",
        "qidoRoot": "../dicom-web",
        "wadoRoot": "../dicom-web",
        "qidoSupportsIncludeField": False,
        "supportsReject": False,
        "imageRendering": "wadors",
        "thumbnailRendering": "wadors",
        "enableStudyLazyLoad": True,
        "supportsFuzzyMatching": False,
        "supportsWildcard": True,
        "staticWado": True,
        "singlepart": "bulkdata,video",
        "acceptHeader": ["multipart/related; type=application/octet-stream; transfer-syntax=*"],
        "bulkDataURI": {"enabled": True, "relativeResolution": "studies"},
    },
}
ISOLATION = {
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def app_configuration() -> str:
    """`app-config.js`: the configured file, then the settings that the plugin adds. ValueError for another source."""
    if SETTINGS["DataSource"] != "dicom-web":
        raise ValueError(f"OHIF.DataSource is {SETTINGS['DataSource']!r}; this plugin serves dicom-web only")
    added = {
        "routerBasename": SETTINGS["RouterBasename"],
        "dataSources": [SOURCE],
        "defaultDataSourceName": SOURCE["sourceName"],
    }
    configured = Path(SETTINGS["UserConfiguration"]).read_text()
    return f"{configured}\nObject.assign(window.config, {json.dumps(added)});\n"


def serve(output: Any, _uri: str, **request: Any) -> None:
    """Answers one request below `/ohif`, and logs the names of its headers."""
    for name, value in ISOLATION.items():
        output.SetHttpHeader(name, value)
    with HEADERS.open("a") as log:
        log.writelines(f"{name}\n" for name, value in request["headers"].items() if value)
    name = "".join(request["groups"])
    if name == "app-config.js":
        output.AnswerBuffer(app_configuration(), "text/javascript")
        return
    file = (FILES / ("index.html" if name in PAGES else name)).resolve()
    if FILES in file.parents and file.is_file():
        output.AnswerBuffer(file.read_bytes(), mimetypes.guess_type(file.name)[0] or "application/octet-stream")
    else:
        output.SendHttpStatusCode(404)


orthanc.RegisterRestCallback("/ohif", serve)
orthanc.RegisterRestCallback("/ohif/(.*)", serve)
