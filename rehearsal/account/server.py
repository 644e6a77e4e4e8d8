"""`python -m rehearsal.account <port file>`: moto's AWS API on loopback, for one account.

It serves until its parent ends, and keeps nothing: the simulated cloud is the folder, and what is put into its buckets
lives as long as a rehearsal. The account is `MOTO_ACCOUNT_ID`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")

from moto.core.config import default_user_config
from moto.kms.models import Key, KmsBackend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from rehearsal import gaps
from rehearsal.account import missing
from rehearsal.account.mirror import KEY_ID_TAG
from rehearsal.account.process import INDEX
from rehearsal.engine.parent import end_with_parent


class Silent(WSGIRequestHandler):
    """Writes no line a request."""

    def log(self, type: str, message: str, *args: Any) -> None:
        """Nothing."""


def keep_key_ids() -> None:
    """Lets a key have the id that the simulated cloud gave it: ARNs in state, policies and objects then agree."""
    create = KmsBackend.create_key

    def create_key(self: KmsBackend, *arguments: Any, **named: Any) -> Key:
        key = create(self, *arguments, **named)
        tags = named.get("tags") or (arguments[4] if len(arguments) > 4 else None) or []  # noqa: PLR2004
        for tag in tags:
            if tag["TagKey"] == KEY_ID_TAG:
                del self.keys[key.id]
                key.arn = key.arn.replace(key.id, tag["TagValue"])
                key.id = tag["TagValue"]
                self.keys[key.id] = key
        return key

    KmsBackend.create_key = create_key


def main() -> None:
    """Serves; the file named on the command line gets the port."""
    default_user_config["lambda"]["use_docker"] = False
    keep_key_ids()
    missing.add()
    functions = missing.Functions(os.environ["MOTO_ACCOUNT_ID"], Path(os.environ[INDEX]))
    application = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=Silent)
    draft = Path(sys.argv[1]).with_suffix(".draft")
    draft.write_text(str(server.port))
    draft.rename(sys.argv[1])
    end_with_parent()
    with gaps.filled(functions):
        server.serve_forever()
