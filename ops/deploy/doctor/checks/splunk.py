"""Splunk's collector as Firehose needs it: https, a publicly trusted certificate, healthy, without redirect."""

from __future__ import annotations

import http.client
import socket
import ssl
from urllib.parse import urlsplit

from ops.deploy.doctor.check import Check, Result, failure, ok, skip
from ops.deploy.doctor.context import Context

SECONDS = 8
HEALTH = "/services/collector/health"


def create_trust_store() -> ssl.SSLContext:
    """The certificate authorities that this machine trusts; Firehose trusts public ones only."""
    return ssl.create_default_context()


def check_collector(context: Context) -> Result:
    """https://docs.splunk.com/Documentation/Splunk/latest/RESTREF/RESTinput#services.2Fcollector.2Fhealth"""
    splunk = context.settings.logging.splunk
    if splunk is None:
        return skip("the stack sends nothing to Splunk")
    parts = urlsplit(splunk.hec_endpoint)
    host = parts.hostname or ""
    if parts.scheme != "https":
        return failure(f"{splunk.hec_endpoint} is not https", "Firehose delivers over https only: set hec_endpoint")
    connection = http.client.HTTPSConnection(host, parts.port or 443, timeout=SECONDS, context=create_trust_store())
    try:
        connection.request("GET", HEALTH)
        answer = connection.getresponse()
        status, where = answer.status, answer.getheader("Location", "")
    except ssl.SSLCertVerificationError as error:
        return failure(
            f"{host}: the certificate is not valid: {error.verify_message}",
            "Firehose needs a certificate of a public authority for this name, with its chain",
        )
    except (OSError, http.client.HTTPException) as error:
        reason = "no such name" if isinstance(error, socket.gaierror) else str(error) or type(error).__name__
        return failure(
            f"{host} cannot be reached from here: {reason}",
            "Check the name and the firewall; Firehose comes from its published addresses, not from here",
        )
    finally:
        connection.close()
    return _judge_answer(host, status, where)


def _judge_answer(host: str, status: int, where: str) -> Result:
    if http.HTTPStatus.MULTIPLE_CHOICES <= status < http.HTTPStatus.BAD_REQUEST:
        return failure(f"{host} redirects to {where}", "Firehose follows no redirect: set the collector's own address")
    if status == http.HTTPStatus.SERVICE_UNAVAILABLE:
        return failure(f"{host} answers 503: its queue is full or it is stopping", "Ask the operators of Splunk")
    if status != http.HTTPStatus.OK:
        return failure(f"{host}{HEALTH} answers {status}", "Is this the collector (HEC), and is it switched on?")
    return ok(f"{host} is healthy")


CHECKS = (Check(name="Splunk collector", run=check_collector),)
