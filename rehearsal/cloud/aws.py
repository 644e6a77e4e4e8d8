"""The provider `aws`: a cloud in a folder that behaves as AWS does where deployments really fail."""

from __future__ import annotations

import os
import threading
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rehearsal.cloud.faults import Faults, InjectedError
from rehearsal.cloud.folder import Cloud, Resource, key_of
from rehearsal.cloud.identity import created, name_property
from rehearsal.cloud.provider import Provider, visible
from rehearsal.cloud.rules import deletion, live, static
from rehearsal.cloud.rules.errors import AwsError
from rehearsal.cloud.rules.secrets import made_by_rds
from rehearsal.cloud.tables import data, replaces, table
from rehearsal.cloud.validation import Failure

if TYPE_CHECKING:
    from rehearsal.account import Account

NO_ACCOUNT = "000000000000"
DEFAULTED = "__defaults"


class Aws(Provider):
    """AWS in the folder `IMAGE_STORE_CLOUD`. Region, account and default tags are the configuration's."""

    def __init__(self) -> None:
        super().__init__("aws")
        self.cloud = Cloud(Path(os.environ["IMAGE_STORE_CLOUD"]))
        self.faults = Faults()
        self.lock = threading.RLock()  # two creates must not both find a name free
        self.endpoint = os.environ.get("IMAGE_STORE_ACCOUNT")

    @property
    def account(self) -> str:
        """The account that the provider is bound to."""
        return str((self.config.get("allowedAccountIds") or [NO_ACCOUNT])[0])

    @property
    def region(self) -> str:
        """The provider's Region."""
        return str(self.config.get("region", "us-east-1"))

    @cached_property
    def api(self) -> Account | None:
        """The API that shows this cloud to operators' tools, where a rehearsal serves one."""
        if not self.endpoint:
            return None
        from rehearsal.account import Account  # noqa: PLC0415  slow to import, and few need it

        return Account(self.endpoint, self.region)

    def prepare(self, token: str, urn: str, seed: bytes, olds: dict[str, Any], news: dict[str, Any]) -> dict[str, Any]:
        """A generated name where none is given, kept for as long as none is."""
        name = name_property(token)
        if name is None or name in news or name not in table("aws")["types"].get(token, {}).get("inputs", {}):
            return news
        kept = olds.get(name) if name in olds.get(DEFAULTED, []) else None
        generated = f"{urn.rpartition('::')[2]}-{sha256(seed or urn.encode()).hexdigest()[:7]}"
        return {**news, name: kept or generated, DEFAULTED: [name]}

    def inspect(self, token: str, inputs: dict[str, Any]) -> list[Failure]:
        """The rules that need nothing but the inputs."""
        return static.failures(token, inputs)

    def replaces(self, token: str, changed: list[str]) -> list[str]:
        """By AWS's schema, and by the reviewed list where that is silent."""
        return replaces(token, changed)

    def must_delete_first(self, token: str, olds: dict[str, Any], news: dict[str, Any]) -> bool:
        """A fixed name can't be held by two at once; a generated one leaves room for the successor."""
        name = name_property(token)
        return name is not None and name not in news.get(DEFAULTED, []) and olds.get(name) == news.get(name)

    def create(self, token: str, urn: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Creates, unless an interrupted create of the same URN already did: AWS's client tokens work like that."""
        with self.lock:
            strikes = self._fault(token, "create")
            known = self.cloud.unclaimed(urn)
            inputs = visible(inputs)
            live.refuse(self.cloud, token, urn, inputs, account=self.account, old=known)
            generation = str(sum(1 for one in self.cloud if one.urn == urn)) if known is None else ""
            identity, outputs = (
                self._outputs(token, urn, inputs, generation) if known is None else (known.id, known.outputs)
            )
            stored = self._safe(token, inputs)
            resource = Resource(
                key=key_of(urn, identity),
                urn=urn,
                type=token,
                id=identity,
                inputs=stored,
                outputs={**outputs, **stored, **self._tags(token, inputs)},
                known_to_engine=not strikes,
            )
            if self.api:
                self.api.put(resource, inputs)
            for one in (resource, *made_by_rds(resource)):
                self.cloud.put(one)
        if strikes:
            self.faults.after()
        return identity, self._visible_outputs(token, resource)

    def update(self, token: str, urn: str, identity: str, olds: dict[str, Any], news: dict[str, Any]) -> dict[str, Any]:
        """Changes what exists."""
        with self.lock:
            strikes = self._fault(token, "update")
            old = self._existing(urn, identity)
            news = visible(news)
            live.refuse(self.cloud, token, urn, news, account=self.account, old=old)
            computed = {key: value for key, value in old.outputs.items() if key not in old.inputs}
            stored = self._safe(token, news)
            resource = Resource(
                key=old.key,
                urn=urn,
                type=token,
                id=identity,
                inputs=stored,
                outputs={**computed, **stored, **self._tags(token, news)},
            )
            if self.api:
                self.api.put(resource, news)
            self.cloud.put(resource)
        if strikes:
            self.faults.after()
        return self._visible_outputs(token, resource)

    def delete(self, token: str, urn: str, identity: str, properties: dict[str, Any]) -> None:
        """Deletes what exists; what is gone already is no error."""
        with self.lock:
            strikes = self._fault(token, "delete")
            resource = self.cloud.get(urn, identity)
            if resource is not None:
                deletion.refuse(self.cloud, resource)
                if self.api:
                    self.api.remove(resource)
                self.cloud.remove(resource)
                deletion.after(self.cloud, resource)
        if strikes:
            self.faults.after()

    def read(self, token: str, urn: str, identity: str, properties: dict[str, Any]) -> dict[str, Any] | None:
        """The resource as it is in the folder."""
        resource = self.cloud.get(urn, identity)
        return None if resource is None else {**properties, **self._visible_outputs(token, resource)}

    def _fault(self, token: str, operation: str) -> bool:
        try:
            return self.faults.before(token, operation)
        except InjectedError as error:
            raise AwsError("InternalFailure", "", str(error)) from error

    def _existing(self, urn: str, identity: str) -> Resource:
        resource = self.cloud.get(urn, identity)
        if resource is None:
            raise AwsError("ResourceNotFoundException", "", f"{identity} does not exist any more; run `pulumi refresh`")
        return resource

    def _outputs(self, token: str, urn: str, inputs: dict[str, Any], generation: str) -> tuple[str, dict[str, Any]]:
        outputs = created(token, urn, inputs, account=self.account, region=self.region, generation=generation)
        return str(outputs.pop("id")), outputs

    def _tags(self, token: str, inputs: dict[str, Any]) -> dict[str, Any]:
        if "tagsAll" not in table("aws")["types"][token]["outputs"]:
            return {}
        default = (self.config.get("defaultTags") or {}).get("tags", {})
        return {"tagsAll": {**default, **inputs.get("tags", {})}}

    def _safe(self, token: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """Inputs as the cloud keeps them: of what is never read back, a hash that shows a change."""
        hidden = data("behaviours")["write_only"].get(token, [])
        kept = {key: value for key, value in inputs.items() if key not in hidden}
        return kept | {
            key: f"sha256:{sha256(str(inputs[key]).encode()).hexdigest()}" for key in hidden if key in inputs
        }

    def _visible_outputs(self, token: str, resource: Resource) -> dict[str, Any]:
        hidden = data("behaviours")["write_only"].get(token, [])
        return {key: value for key, value in resource.outputs.items() if key not in hidden}
