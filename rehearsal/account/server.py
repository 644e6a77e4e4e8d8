"""`python -m rehearsal.account <port file>`: moto's AWS API on loopback, for one account.

It runs until its parent ends and stores nothing: the simulated cloud is the folder, and objects in its buckets live as
long as the rehearsal. `MOTO_ACCOUNT_ID` is the account.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")

from moto.core.config import default_user_config
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from rehearsal.account.moto_patches import apply_patches
from rehearsal.account.process import INDEX
from rehearsal.account.server_patches import Functions, apply_server_patches
from rehearsal.engine.parent import end_with_parent


class SilentHandler(WSGIRequestHandler):
    """Logs no requests."""

    def log(self, type: str, message: str, *args: Any) -> None:
        """Discard the message."""


def main() -> None:
    """Serve, and write the port into the file that the command line names."""
    default_user_config["lambda"]["use_docker"] = False
    apply_server_patches()
    functions = Functions(os.environ["MOTO_ACCOUNT_ID"], Path(os.environ[INDEX]))
    application = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=SilentHandler)
    draft = Path(sys.argv[1]).with_suffix(".draft")
    draft.write_text(str(server.port))
    draft.rename(sys.argv[1])
    end_with_parent()
    with apply_patches(functions):
        server.serve_forever()
