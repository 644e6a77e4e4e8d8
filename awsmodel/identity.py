"""Ids, ARNs and other outputs in AWS's forms: stable for the same URN in the same cloud."""

from __future__ import annotations

import uuid
from hashlib import sha256
from typing import Any

from awsmodel.tables import data, name_property, table

_MIXED = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789"


def _digits(urn: str, generation: str) -> dict[str, str]:
    digest = sha256(f"{urn}|{generation}".encode()).digest()
    text = digest.hex()
    return {
        "hex4": text[:4],
        "hex8": text[:8],
        "hex16": text[:16],
        "hex17": text[:17],
        "HEX16": text[:16].upper(),
        "uuid": str(uuid.UUID(bytes=digest[:16], version=4)),
        "mixed6": "".join(_MIXED[byte % len(_MIXED)] for byte in digest[:6]),
    }


def compute_outputs(
    token: str, urn: str, inputs: dict[str, Any], *, account: str, region: str, generation: str
) -> dict[str, Any]:
    """Outputs of a new resource, `id` among them. `generation` tells a replacement from its predecessor."""
    region = inputs.get("region", region)
    logical_name = urn.rpartition("::")[2]
    name = inputs.get(name_property(token) or "name", logical_name)
    kind = {"network": "net", "gateway": "gwy"}.get(str(inputs.get("loadBalancerType")), "app")
    known: dict[str, Any] = _digits(urn, generation) | {
        "account": account,
        "region": region,
        "name": name,
        "lbKind": kind,
        **{key: value for key, value in inputs.items() if isinstance(value, (str, int))},
    }
    service, class_name = token.split(":")[1].partition("/")[0], token.rpartition(":")[2]
    forms = data("forms").get(token) or {
        "id": f"{logical_name}-{{hex8}}",
        "arn": f"arn:aws:{service}:{{region}}:{{account}}:{class_name.lower()}/{{id}}",
    }
    outputs = _fill(forms, known)
    declared = table("aws")["types"][token]["outputs"]
    if "region" in declared:
        outputs["region"] = region
    if token == "aws:rds/cluster:Cluster" and inputs.get("manageMasterUserPassword"):
        outputs["masterUserSecrets"] = [_master_secret(known, inputs)]
    if token == "aws:acm/certificate:Certificate":
        outputs["domainValidationOptions"] = [_validation_option(known)]
    return {key: value for key, value in outputs.items() if key == "id" or key in declared}


def _fill(forms: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """The templates, filled in the order in which they need one another."""
    outputs: dict[str, Any] = {}
    waiting = dict(forms)
    while waiting:
        for key, template in list(waiting.items()):
            try:
                outputs[key] = template.format_map(known | outputs) if isinstance(template, str) else template
            except KeyError:
                continue
            del waiting[key]
            break
        else:
            raise ValueError(f"forms.yaml: nothing defines the fields that {sorted(waiting)} need")
    return outputs


def _master_secret(known: dict[str, Any], inputs: dict[str, Any]) -> dict[str, str]:
    """The secret that RDS creates and rotates for the master user."""
    name = f"rds!cluster-{known['uuid']}-{known['mixed6']}"
    arn = f"arn:aws:secretsmanager:{known['region']}:{known['account']}:secret:{name}"
    return {"secretArn": arn, "secretStatus": "active", "kmsKeyId": inputs.get("masterUserSecretKmsKeyId", "")}


def _validation_option(known: dict[str, Any]) -> dict[str, str]:
    """The DNS record by which ACM validates the domain."""
    domain = known["domainName"]
    return {
        "domainName": domain,
        "resourceRecordName": f"_{known['hex16']}.{domain}.",
        "resourceRecordType": "CNAME",
        "resourceRecordValue": f"_{known['hex8']}.acm-validations.aws.",
    }
