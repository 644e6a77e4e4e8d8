"""Load balancers: TLS to the client, logs, and a firewall in front."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from hipaa import types
from hipaa.links import has
from hipaa.model import ABSENT, UNKNOWN, Finding, Resource, Settings, Stack, Undecided, Violation, each, look
from hipaa.rule import rule

ENCRYPTED = ("HTTPS", "TLS")


def _protocol(listener: Resource) -> object:
    """A listener's protocol. Absent it is HTTP on an application balancer; one of a gateway balancer has no port."""
    found = listener.get("protocol")
    if found is ABSENT:
        return ABSENT if listener.get("port") is ABSENT else "HTTP"
    return found if found is UNKNOWN else str(found).upper()


def _kind(balancer: Resource) -> object:
    """A balancer's type; absent is AWS's default."""
    found = balancer.get("loadBalancerType")
    return "application" if found is ABSENT else found


@rule("LB-01", types.LISTENER)
def http_redirects(listener: Resource, _settings: Settings) -> Iterator[Finding]:
    """A listener without TLS sends clients to HTTPS and nothing else; a redirect keeps its protocol by default."""
    protocol = _protocol(listener)
    if protocol is UNKNOWN:
        yield Undecided(path="protocol")
    if protocol != "HTTP":
        return
    actions = list(listener.each("defaultActions"))
    if not actions:
        yield Violation(message="it does not say that HTTP is redirected to HTTPS", path="defaultActions")
    for path, action in actions:
        kind = look(action, "type")
        targets = [look(redirect, "protocol") for _, redirect in each(action, "redirect")]
        if kind not in ("redirect", UNKNOWN) or any(one not in ("HTTPS", UNKNOWN) for one in targets):
            yield Violation(message="a request over HTTP is answered without TLS", path=path)
        elif kind is UNKNOWN or UNKNOWN in targets:
            yield Undecided(path=path)
        elif not targets:
            yield Violation(message="a request over HTTP is redirected to HTTP", path=path)


@rule("LB-02", types.LOAD_BALANCER)
def invalid_headers_dropped(balancer: Resource, _settings: Settings) -> Iterator[Finding]:
    """Application balancers drop headers that are not HTTP's; AWS's default is to pass them on."""
    if _kind(balancer) is UNKNOWN:
        yield Undecided(path="loadBalancerType")
    elif _kind(balancer) == "application":
        yield from balancer.is_true("dropInvalidHeaderFields", "headers that are not valid reach the service")


@rule("LB-03", types.LISTENER)
def certificate(listener: Resource, _settings: Settings) -> Iterator[Finding]:
    """A listener with TLS has a certificate."""
    if _protocol(listener) is UNKNOWN:
        yield Undecided(path="protocol")
    elif _protocol(listener) in ENCRYPTED:
        yield from listener.is_set("certificateArn", "a listener with TLS has no certificate")


@rule("LB-04", types.LOAD_BALANCER)
def access_logs(balancer: Resource, _settings: Settings) -> Iterator[Finding]:
    """Balancers log to a bucket; AWS's default is not to. A gateway balancer cannot, and is passed over.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/gateway/monitoring.html
    """
    if _kind(balancer) == "gateway":
        return
    logs = [path for path, _ in balancer.each("accessLogs")]
    if not logs:
        yield Violation(message="requests are not logged", path="accessLogs")
    for path in logs:
        yield from balancer.is_true(f"{path}.enabled", "requests are not logged")
        yield from balancer.is_set(f"{path}.bucket", "no bucket is named for the logs")


@rule("LB-05", types.LOAD_BALANCER)
def deletion_protected(balancer: Resource, _settings: Settings) -> Iterator[Finding]:
    """Balancers of production cannot be deleted by accident; AWS's default is that they can."""
    yield from balancer.is_true("enableDeletionProtection", "the balancer can be deleted by accident")


@rule("LB-06", types.WEB_ACL_ASSOCIATION, types.LOAD_BALANCER)
def behind_firewall(stack: Stack, _settings: Settings) -> Iterator[tuple[Resource, Finding]]:
    """A web ACL stands before every application balancer."""
    for balancer in stack.of([types.LOAD_BALANCER]):
        if _kind(balancer) not in ("application", UNKNOWN):
            continue
        guarded = has(stack, balancer, types.WEB_ACL_ASSOCIATION, "resourceArn", lambda _: True)
        if guarded is None or (not guarded and _kind(balancer) is UNKNOWN):
            yield balancer, Undecided(path="" if guarded is None else "loadBalancerType")
        elif not guarded:
            yield balancer, Violation(message="no web ACL stands before the balancer")


@rule(
    "LB-07",
    types.LISTENER,
    schema={
        "policies": {
            "type": "array",
            "items": {"type": "string"},
            "default": ["ELBSecurityPolicy-TLS13-1-2-*", "ELBSecurityPolicy-TLS13-1-3-*"],
        }
    },
)
def tls_12(listener: Resource, settings: Settings) -> Iterator[Finding]:
    """A listener with TLS takes TLS 1.2 or newer, by a policy of 2021 or later; AWS's default takes TLS 1.0.

    Its policies: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
    """
    if _protocol(listener) is UNKNOWN:
        yield Undecided(path="protocol")
    elif _protocol(listener) in ENCRYPTED:
        yield from listener.expect(
            "sslPolicy",
            lambda policy: any(fnmatchcase(str(policy), known) for known in settings["policies"]),
            "clients may use TLS older than 1.2 or a policy older than 2021",
        )
