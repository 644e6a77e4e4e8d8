"""A recorder that answers with values instead of tokens: real keys, certificates and passwords, and ids in AWS's forms.

The values are made as in a rehearsal, so that rendered and rehearsed configuration are alike.
"""

from __future__ import annotations

import json
from typing import Any

from awsmodel.certificates import MAKERS
from awsmodel.identity import compute_outputs
from awsmodel.properties import from_struct
from awsmodel.randomness import draw
from ops.plan.recorder import Recorder
from ops.plan.resources import PROVIDER_PREFIX
from ops.plan.wire import secret

AWS_PROVIDER = f"{PROVIDER_PREFIX}aws"
SECRET_OUTPUTS = frozenset({"result", "privateKeyPem", "privateKeyPemPkcs8"})


class Realizing(Recorder):
    """Gives every resource the outputs that it has once it exists. `values`: inputs by URN, secrets in clear."""

    def __init__(self, stack: str, project: str, *, preview: bool) -> None:
        super().__init__(stack, project, preview=preview)
        self.values: dict[str, dict[str, Any]] = {}
        self._made: dict[str, dict[str, Any]] = {}
        self._region, self._account = "", ""

    def RegisterResource(self, request: Any) -> Any:
        """Keep the inputs as they are, make the outputs, then go on as any recorder."""
        if request.custom:
            urn = self.make_urn(request.parent, request.type, request.name)
            self.values[urn] = inputs = from_struct(request.object)
            if request.type == AWS_PROVIDER and not self._account:  # the store's own Region comes first
                self._region, [self._account] = inputs["region"], json.loads(inputs["allowedAccountIds"])
            if urn not in self._made:
                self._made[urn] = self._outputs(request.type, urn, dict(inputs))
        return super().RegisterResource(request)

    def _id(self, urn: str, request: Any) -> str:
        return str(self._made.get(urn, {}).get("id") or super()._id(urn, request))

    def _computed(self, urn: str, request: Any) -> dict[str, Any]:
        made = {name: value for name, value in self._made.get(urn, {}).items() if name != "id"}
        outputs = super()._computed(urn, request) | made
        return {name: secret(value) if name in SECRET_OUTPUTS else value for name, value in outputs.items()}

    def _outputs(self, token: str, urn: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """What the resource has beyond its inputs; keys and passwords are drawn, so each is asked once."""
        if token in MAKERS:
            return MAKERS[token](inputs)
        if token.startswith("random:"):
            return {name: value for name, value in draw(token, inputs).items() if name != "id"}
        if token.startswith("aws:"):
            return compute_outputs(token, urn, inputs, account=self._account, region=self._region, generation="")
        return {}
