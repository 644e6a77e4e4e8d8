"""A recorder that answers with values instead of placeholders: real keys, certificates, passwords, and ids like AWS's.

It shares its generators with the rehearsal, so that both create the same configuration.
"""

from __future__ import annotations

import json
from typing import Any

from awsmodel.certificates import MAKERS
from awsmodel.identity import compute_outputs
from awsmodel.properties import from_struct
from awsmodel.randomness import draw
from ops.plan import PROVIDER_PREFIX, Recorder, mark_secret

AWS_PROVIDER = f"{PROVIDER_PREFIX}aws"
SECRET_OUTPUTS = frozenset({"result", "privateKeyPem", "privateKeyPemPkcs8"})


class ValueRecorder(Recorder):
    """Answers with the outputs that a resource has once it exists. `values`: inputs by URN, secrets in plain text."""

    def __init__(self, stack: str, project: str, *, preview: bool) -> None:
        super().__init__(stack, project, preview=preview)
        self.values: dict[str, dict[str, Any]] = {}
        self._created: dict[str, dict[str, Any]] = {}
        self._region, self._account = "", ""

    def RegisterResource(self, request: Any) -> Any:
        """Record the inputs unmasked, create the outputs, then continue as any recorder."""
        if request.custom:
            urn = self.make_urn(request.parent, request.type, request.name)
            self.values[urn] = inputs = from_struct(request.object)
            if request.type == AWS_PROVIDER and not self._account:  # the first provider is that of the store's Region
                self._region, [self._account] = inputs["region"], json.loads(inputs["allowedAccountIds"])
            if urn not in self._created:
                self._created[urn] = self._outputs(request.type, urn, dict(inputs))
        return super().RegisterResource(request)

    def _id(self, urn: str, request: Any) -> str:
        return str(self._created.get(urn, {}).get("id") or super()._id(urn, request))

    def _computed(self, urn: str, request: Any) -> dict[str, Any]:
        created_outputs = {name: value for name, value in self._created.get(urn, {}).items() if name != "id"}
        outputs = super()._computed(urn, request) | created_outputs
        return {name: mark_secret(value) if name in SECRET_OUTPUTS else value for name, value in outputs.items()}

    def _outputs(self, token: str, urn: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """The outputs beyond the inputs; keys and passwords are random, so each is created once."""
        if token in MAKERS:
            return MAKERS[token](inputs)
        if token.startswith("random:"):
            return {name: value for name, value in draw(token, inputs).items() if name != "id"}
        if token.startswith("aws:"):
            return compute_outputs(token, urn, inputs, account=self._account, region=self._region, generation="")
        return {}
