"""Load balancers: TLS for clients, access logs, and a web ACL."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from hipaa import types
from hipaa.model import ABSENT, UNKNOWN, Finding, Resource, Settings, Stack, Undecided, Violation, elements, value_at
from hipaa.reading.links import is_referred_to
from hipaa.rule import rule
from hipaa.selector import string_list_schema

TLS_PROTOCOLS = ("HTTPS", "TLS")


def _protocol(listener: Resource) -> object:
    """A listener's protocol. The default is HTTP for an application load balancer; a gateway listener has no port."""
    found = listener.get("protocol")
    if found is ABSENT:
        return ABSENT if listener.get("port") is ABSENT else "HTTP"
    return found if found is UNKNOWN else str(found).upper()


def _load_balancer_type(load_balancer: Resource) -> object:
    """A load balancer's type; the default is application."""
    found = load_balancer.get("loadBalancerType")
    return "application" if found is ABSENT else found


@rule("LB-01", types.LISTENER)
def redirects_to_https(listener: Resource, _settings: Settings) -> Iterator[Finding]:
    """An HTTP listener only redirects to HTTPS. By default a redirect keeps the protocol."""
    protocol = _protocol(listener)
    if protocol is UNKNOWN:
        yield Undecided(path="protocol")
    if protocol != "HTTP":
        return
    actions = list(listener.elements("defaultActions"))
    if not actions:
        yield Violation(message="HTTP is not redirected to HTTPS", path="defaultActions")
    for path, action in actions:
        kind = value_at(action, "type")
        targets = [value_at(redirect, "protocol") for _, redirect in elements(action, "redirect")]
        if kind not in ("redirect", UNKNOWN) or any(target not in ("HTTPS", UNKNOWN) for target in targets):
            yield Violation(message="the listener answers HTTP requests without TLS", path=path)
        elif kind is UNKNOWN or UNKNOWN in targets:
            yield Undecided(path=path)
        elif not targets:
            yield Violation(message="the listener redirects HTTP requests to HTTP", path=path)


@rule("LB-02", types.LOAD_BALANCER)
def drops_invalid_headers(load_balancer: Resource, _settings: Settings) -> Iterator[Finding]:
    """Application load balancers drop invalid headers; by default they forward them."""
    if _load_balancer_type(load_balancer) is UNKNOWN:
        yield Undecided(path="loadBalancerType")
    elif _load_balancer_type(load_balancer) == "application":
        yield from load_balancer.require_true("dropInvalidHeaderFields", "invalid headers reach the service")


@rule("LB-03", types.LISTENER)
def has_certificate(listener: Resource, _settings: Settings) -> Iterator[Finding]:
    """A TLS listener has a certificate."""
    if _protocol(listener) is UNKNOWN:
        yield Undecided(path="protocol")
    elif _protocol(listener) in TLS_PROTOCOLS:
        yield from listener.require_set("certificateArn", "the TLS listener has no certificate")


@rule("LB-04", types.LOAD_BALANCER)
def has_access_logs(load_balancer: Resource, _settings: Settings) -> Iterator[Finding]:
    """Load balancers log requests to a bucket; by default they do not. Gateway load balancers have no access logs.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/gateway/monitoring.html
    """
    if _load_balancer_type(load_balancer) == "gateway":
        return
    logs = [path for path, _ in load_balancer.elements("accessLogs")]
    if not logs:
        yield Violation(message="requests are not logged", path="accessLogs")
    for path in logs:
        yield from load_balancer.require_true(f"{path}.enabled", "requests are not logged")
        yield from load_balancer.require_set(f"{path}.bucket", "the logs have no bucket")


@rule("LB-05", types.LOAD_BALANCER)
def has_deletion_protection(load_balancer: Resource, _settings: Settings) -> Iterator[Finding]:
    """Load balancers have deletion protection; by default they do not."""
    yield from load_balancer.require_true("enableDeletionProtection", "the load balancer can be deleted by accident")


@rule("LB-06", types.WEB_ACL_ASSOCIATION, types.LOAD_BALANCER)
def has_web_acl(stack: Stack, _settings: Settings) -> Iterator[tuple[Resource, Finding]]:
    """Every application load balancer has a web ACL."""
    for load_balancer in stack.of([types.LOAD_BALANCER]):
        if _load_balancer_type(load_balancer) not in ("application", UNKNOWN):
            continue
        associated = is_referred_to(stack, load_balancer, types.WEB_ACL_ASSOCIATION, "resourceArn")
        if associated is None or (not associated and _load_balancer_type(load_balancer) is UNKNOWN):
            yield load_balancer, Undecided(path="" if associated is None else "loadBalancerType")
        elif not associated:
            yield load_balancer, Violation(message="the load balancer has no web ACL")


@rule(
    "LB-07",
    types.LISTENER,
    schema={"policies": string_list_schema(["ELBSecurityPolicy-TLS13-1-2-*", "ELBSecurityPolicy-TLS13-1-3-*"])},
)
def requires_tls_12(listener: Resource, settings: Settings) -> Iterator[Finding]:
    """A TLS listener requires TLS 1.2 or newer, with a policy of 2021 or later; the default accepts TLS 1.0.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
    """
    if _protocol(listener) is UNKNOWN:
        yield Undecided(path="protocol")
    elif _protocol(listener) in TLS_PROTOCOLS:
        yield from listener.require(
            "sslPolicy",
            lambda policy: any(fnmatchcase(str(policy), pattern) for pattern in settings["policies"]),
            "clients can use TLS older than 1.2, or the policy is older than 2021",
        )
