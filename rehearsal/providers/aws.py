"""The provider `aws`: a cloud in a folder that fails where real deployments fail."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from awsmodel.tables import name_property, replaces, table
from rehearsal.cloud.creation import new_resource, resource_with, write_only
from rehearsal.cloud.errors import AwsError
from rehearsal.cloud.resources import Cloud, Resource
from rehearsal.cloud.rules import deletion, live, static
from rehearsal.cloud.rules.databases import rds_secrets, requested_version
from rehearsal.cloud.rules.scaling import ScalableTargets
from rehearsal.cloud.validation import Failure
from rehearsal.providers.faults import Faults, InjectedError
from rehearsal.providers.protocol import Provider, without_notes

if TYPE_CHECKING:
    from rehearsal.account.mirror import Account

NO_ACCOUNT = "000000000000"
DEFAULTED = "__defaults"


class Aws(Provider):
    """AWS in the folder `IMAGE_STORE_CLOUD`. Region, account and default tags come from the configuration."""

    def __init__(self) -> None:
        super().__init__("aws")
        self.cloud = Cloud(Path(os.environ["IMAGE_STORE_CLOUD"]))
        self.faults = Faults()
        self.lock = threading.RLock()  # two creates must not both find a name free
        self.targets = ScalableTargets()
        self.endpoint = os.environ.get("IMAGE_STORE_ACCOUNT")

    @property
    def account(self) -> str:
        """The account to which the provider is restricted."""
        return str((self.config.get("allowedAccountIds") or [NO_ACCOUNT])[0])

    @property
    def region(self) -> str:
        """The provider's Region."""
        return str(self.config.get("region", "us-east-1"))

    @property
    def default_tags(self) -> dict[str, str]:
        """Tags of every resource that can have tags."""
        return (self.config.get("defaultTags") or {}).get("tags", {})

    @cached_property
    def api(self) -> Account | None:
        """The API that serves this cloud to operators' tools, if a rehearsal runs one."""
        if not self.endpoint:
            return None
        from rehearsal.account.mirror import Account  # noqa: PLC0415  slow to import, and seldom needed

        return Account(self.endpoint, self.region)

    def prepare(self, token: str, urn: str, seed: bytes, olds: dict[str, Any], news: dict[str, Any]) -> dict[str, Any]:
        """Add a generated name where none is given; it stays the same while none is given."""
        name = name_property(token)
        if name is None or name in news or name not in table("aws")["types"].get(token, {}).get("inputs", {}):
            return news
        kept = olds.get(name) if name in olds.get(DEFAULTED, []) else None
        generated = f"{urn.rpartition('::')[2]}-{sha256(seed or urn.encode()).hexdigest()[:7]}"
        return {**news, name: kept or generated, DEFAULTED: [name]}

    def inspect(self, token: str, inputs: dict[str, Any]) -> list[Failure]:
        """Check the rules that need the inputs alone."""
        return static.find_failures(token, inputs)

    def replaces(self, token: str, changed: list[str]) -> list[str]:
        """By AWS's schema, and by the reviewed list where the schema does not say."""
        return replaces(token, changed)

    def must_delete_first(self, token: str, olds: dict[str, Any], news: dict[str, Any]) -> bool:
        """Two resources cannot have the same fixed name at once; with generated names they can coexist."""
        name = name_property(token)
        return name is not None and name not in news.get(DEFAULTED, []) and olds.get(name) == news.get(name)

    def create(self, token: str, urn: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Create the resource, or return the one that an interrupted create left, as AWS's client tokens do."""
        with self.targets.write(token, inputs, region=self.region), self.lock:
            strikes = self._fault(token, "create")
            existing = self.cloud.find_unclaimed(urn)
            inputs = without_notes(inputs)
            live.check_change(self.cloud, token, urn, inputs, account=self.account, old=existing)
            resource = replace(self._resource(token, urn, inputs, existing), known_to_engine=not strikes)
            if self.api:
                self.api.put(resource, inputs)
            for one in (resource, *rds_secrets(resource)):
                self.cloud.put(one)
        if strikes:
            self.faults.strike()
        return resource.id, self._outputs(token, resource)

    def update(self, token: str, urn: str, identity: str, olds: dict[str, Any], news: dict[str, Any]) -> dict[str, Any]:
        """Change an existing resource."""
        with self.targets.write(token, news, region=self.region), self.lock:
            strikes = self._fault(token, "update")
            old = self._existing(urn, identity)
            news = requested_version(token, olds, without_notes(news), old)
            live.check_change(self.cloud, token, urn, news, account=self.account, old=old)
            computed = {key: value for key, value in old.outputs.items() if key not in old.inputs}
            resource = resource_with(token, urn, identity, news, computed=computed, default_tags=self.default_tags)
            if self.api:
                self.api.put(resource, news)
            self.cloud.put(resource)
        if strikes:
            self.faults.strike()
        return self._outputs(token, resource)

    def delete(self, token: str, urn: str, identity: str, properties: dict[str, Any]) -> None:
        """Delete a resource; one that does not exist any more is no error."""
        with self.targets.write(token, properties, region=self.region), self.lock:
            strikes = self._fault(token, "delete")
            resource = self.cloud.get(urn, identity)
            if resource is not None:
                deletion.check_delete(self.cloud, resource)
                if self.api:
                    self.api.delete(resource)
                self.cloud.remove(resource)
                deletion.finish_delete(self.cloud, resource)
        if strikes:
            self.faults.strike()

    def read(self, token: str, urn: str, identity: str, properties: dict[str, Any]) -> dict[str, Any] | None:
        """The resource as it is in the folder."""
        resource = self.cloud.get(urn, identity)
        return None if resource is None else {**properties, **self._outputs(token, resource)}

    def _resource(self, token: str, urn: str, inputs: dict[str, Any], existing: Resource | None) -> Resource:
        if existing is not None:
            return resource_with(
                token, urn, existing.id, inputs, computed=existing.outputs, default_tags=self.default_tags
            )
        return new_resource(
            token,
            urn,
            inputs,
            account=self.account,
            region=self.region,
            default_tags=self.default_tags,
            generation=str(sum(1 for one in self.cloud if one.urn == urn)),
        )

    def _fault(self, token: str, operation: str) -> bool:
        try:
            return self.faults.count(token, operation)
        except InjectedError as error:
            raise AwsError("InternalFailure", "", str(error)) from error

    def _existing(self, urn: str, identity: str) -> Resource:
        resource = self.cloud.get(urn, identity)
        if resource is None:
            raise AwsError("ResourceNotFoundException", "", f"{identity} does not exist any more; run `pulumi refresh`")
        return resource

    def _outputs(self, token: str, resource: Resource) -> dict[str, Any]:
        """Outputs without the properties that AWS never returns."""
        hidden = write_only(token)
        return {key: value for key, value in resource.outputs.items() if key not in hidden}
