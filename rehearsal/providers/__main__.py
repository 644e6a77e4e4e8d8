"""`python -m rehearsal.providers <aws|awsx|docker-build|random|tls>` serves a provider plugin."""

from __future__ import annotations

import sys

USAGE = "Usage: python -m rehearsal.providers <aws|awsx|docker-build|random|tls>\n"


def serve_package(package: str) -> None:
    """Serve the provider of `package`. It imports only what that one needs: the engine waits for each to start."""
    if package == "aws":
        from rehearsal.providers.aws import Aws as Provider  # noqa: PLC0415
    elif package == "docker-build":
        from rehearsal.providers.docker_build import DockerBuild as Provider  # noqa: PLC0415
    elif package == "tls":
        from rehearsal.providers.tls import Tls as Provider  # noqa: PLC0415
    elif package == "random":
        from rehearsal.providers.random import Random as Provider  # noqa: PLC0415
    elif package == "awsx":
        from rehearsal.providers.awsx import serve_components  # noqa: PLC0415

        serve_components()
        return
    else:
        sys.exit(USAGE)
    from rehearsal.providers.protocol import serve  # noqa: PLC0415

    serve(Provider())


serve_package(sys.argv[1] if len(sys.argv) > 1 else "")
