"""What nginx runs with: its configuration, and the workload of the web tier."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import jinja2
import pulumi

from components.core import Platform, StoredSecret
from components.service import orthanc_configuration, viewer
from components.service.containers import HealthCheck, Workload
from components.service.credentials import OrthancCredentials
from components.service.images import ContainerImage
from settings import Access

HTTPS_PORT = 8443
HEALTH_PATH = "/healthz"
USER = "101:101"
MAX_BODY_MB = 4096
"""Upper bound of one STOW-RS request, chunked or not; only nginx limits chunked ones."""

LOAD_BALANCER_IDLE_SECONDS = 300
TEMPLATE = Path(__file__).parents[2] / "images" / "nginx" / "nginx.conf.j2"
CREDENTIAL_FILE = "/run/nginx/credential.conf"
"""Written at start from ORTHANC_CREDENTIAL, as one proxy_set_header."""

VPC_RESOLVER = "169.254.169.253"
"""https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html"""


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701  a configuration file, not HTML
    )
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8"))


def configuration(
    *, upstream: str, signed_in: bool, clients: Mapping[str, str] | None = None, with_viewer: bool = False
) -> str:
    """nginx.conf in front of the Orthanc tasks that `upstream` resolves to.

    `signed_in`: the load balancer authenticates clients. `clients`: id of the app client by center, so that the access
    log can name the center. `with_viewer`: OHIF is served beside the DICOMweb interface.
    """
    return _template().render(
        port=HTTPS_PORT,
        health_path=HEALTH_PATH,
        upstream=upstream,
        signed_in=signed_in,
        clients=clients or {},
        viewer=viewer if with_viewer else None,
        credential_file=CREDENTIAL_FILE,
        upstream_port=orthanc_configuration.HTTPS_PORT,
        resolver=VPC_RESOLVER,
        max_body_mb=MAX_BODY_MB,
        # The load balancer must close an idle connection first, or it sends a request into a closing one.
        keepalive_seconds=LOAD_BALANCER_IDLE_SECONDS + 15,
        ciphers=":".join(orthanc_configuration.CIPHERS),
    )


def workload(
    base: Platform,
    access: Access,
    *,
    image: ContainerImage,
    certificate: StoredSecret,
    users: OrthancCredentials,
    clients: Mapping[str, pulumi.Input[str]],
) -> Workload:
    """The web tier's container. `clients`: id of the app client by center.

    Where the load balancer authenticates clients, nginx has a credential of its own at Orthanc.
    """
    credential = users.credential if access.sign_in else None
    rendered = pulumi.Output.all(**clients).apply(
        lambda known: configuration(
            upstream=base.names.host("app"), signed_in=access.sign_in, clients=known, with_viewer=access.viewer
        )
    )
    secrets = {"TLS_BUNDLE": certificate} | ({"ORTHANC_CREDENTIAL": credential} if credential else {})
    probe = (
        f"curl --fail --silent --insecure --max-time 4 --output /dev/null https://127.0.0.1:{HTTPS_PORT}{HEALTH_PATH}"
    )
    return Workload(
        name="nginx",
        image=image.uri,
        repository_arn=image.repository_arn,
        user=USER,
        ports={"https": HTTPS_PORT},
        environment={"NGINX_CONFIGURATION": rendered},
        secrets={name: secret.arn for name, secret in secrets.items()},
        versions={name: secret.version for name, secret in secrets.items()},
        readable=tuple(secret.pattern for secret in secrets.values()),
        writable={"/run/tls": 1, "/run/nginx": 64, "/tmp": 64},  # noqa: S108
        health=HealthCheck(command=("CMD-SHELL", probe)),
        # A request must not wait for CloudWatch Logs; when that is unavailable, access log lines are lost.
        log_mode="non-blocking",
        log_type="nginx:access",
    )
