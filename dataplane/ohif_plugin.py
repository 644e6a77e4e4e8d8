"""Runs in Orthanc, in place of its OHIF plugin, which is in no Debian package: same section, paths, types and headers.

https://orthanc.uclouvain.be/hg/orthanc-ohif/file/tip/Sources/Plugin.cpp
"""

import json
import mimetypes
import os
from pathlib import Path

import orthanc  # ty: ignore[import-not-found]  Orthanc brings it along

FILES = Path(os.environ["OHIF_FILES"]).resolve()
HEADERS = Path(os.environ["OHIF_HEADERS"])
"""Where the names of the headers that reach Orthanc are written down."""

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


def settings() -> str:
    assert SETTINGS["DataSource"] == "dicom-web"
    own = {
        "routerBasename": SETTINGS["RouterBasename"],
        "dataSources": [SOURCE],
        "defaultDataSourceName": SOURCE["sourceName"],
    }
    written = Path(SETTINGS["UserConfiguration"]).read_text()
    return f"{written}\nObject.assign(window.config, {json.dumps(own)});\n"


def serve(output, _uri, **request):
    for name, value in ISOLATION.items():
        output.SetHttpHeader(name, value)
    with HEADERS.open("a") as log:
        log.writelines(f"{name}\n" for name, value in request["headers"].items() if value)
    name = "".join(request["groups"])
    if name == "app-config.js":
        output.AnswerBuffer(settings(), "text/javascript")
        return
    file = (FILES / ("index.html" if name in PAGES else name)).resolve()
    if FILES in file.parents and file.is_file():
        output.AnswerBuffer(file.read_bytes(), mimetypes.guess_type(file.name)[0] or "application/octet-stream")
    else:
        output.SendHttpStatusCode(404)


orthanc.RegisterRestCallback("/ohif", serve)
orthanc.RegisterRestCallback("/ohif/(.*)", serve)
