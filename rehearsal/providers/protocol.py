"""The provider protocol, for any package: check against the tables, diff on inputs, and four operations.

https://github.com/pulumi/pulumi/blob/master/proto/pulumi/provider.proto
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from importlib.metadata import version
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from awsmodel.properties import from_struct, to_struct
from rehearsal.cloud.errors import AwsError
from rehearsal.cloud.validation import Failure, validate
from rehearsal.engine.plugin import start_server

NOTE = "__"  # prefix of keys that the provider adds for itself; the engine keeps them and does not show them


class Provider(provider_pb2_grpc.ResourceProviderServicer, ABC):
    """A provider of one package. Subclasses implement the operations; methods of the protocol keep its names."""

    # ruff: noqa: D102

    def __init__(self, package: str) -> None:
        self.package = package
        self.config: dict[str, Any] = {}

    @abstractmethod
    def create(self, token: str, urn: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Create a resource; return its id and outputs, or raise AwsError."""

    @abstractmethod
    def replaces(self, token: str, changed: list[str]) -> list[str]:
        """Those of the changed properties that force a replacement."""

    def prepare(self, token: str, urn: str, seed: bytes, olds: dict[str, Any], news: dict[str, Any]) -> dict[str, Any]:
        """Add the provider's defaults to the inputs."""
        return news

    def inspect(self, token: str, inputs: dict[str, Any]) -> list[Failure]:
        """Check the inputs beyond their names and types."""
        return []

    def update(self, token: str, urn: str, identity: str, olds: dict[str, Any], news: dict[str, Any]) -> dict[str, Any]:
        """Change a resource; return its outputs, or raise AwsError."""
        return {**olds, **news}

    def delete(self, token: str, urn: str, identity: str, properties: dict[str, Any]) -> None:
        """Delete a resource, or raise AwsError."""

    def read(self, token: str, urn: str, identity: str, properties: dict[str, Any]) -> dict[str, Any] | None:
        """Current outputs; None if the resource does not exist any more."""
        return properties

    def must_delete_first(self, token: str, olds: dict[str, Any], news: dict[str, Any]) -> bool:
        """Whether the old resource must be deleted before its replacement is created."""
        return False

    # The protocol.

    def Handshake(self, request: Any, context: Any) -> Any:
        return provider_pb2.ProviderHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=version(f"pulumi-{self.package}"))

    def GetSchema(self, request: Any, context: Any) -> Any:
        return provider_pb2.GetSchemaResponse(schema=f'{{"name": "{self.package}"}}')

    def Attach(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def CheckConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        old, new = from_struct(request.old_inputs or request.olds), from_struct(request.news)
        changed = provider_pb2.DiffResponse.DIFF_NONE if old == new else provider_pb2.DiffResponse.DIFF_SOME
        return provider_pb2.DiffResponse(changes=changed)

    def Configure(self, request: Any, context: Any) -> Any:
        self.config = {key: _parse_json(value) for key, value in from_struct(request.args).items()}
        # Without acceptSecrets the engine decrypts secrets for us and marks the outputs of the same name again.
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def Invoke(self, request: Any, context: Any) -> Any:
        context.abort(
            grpc.StatusCode.UNIMPLEMENTED, f"{request.tok}: the rehearsal has no data sources; declare it instead"
        )

    def Check(self, request: Any, context: Any) -> Any:
        token, olds = token_of(request.urn), from_struct(request.olds)
        news = self.prepare(token, request.urn, request.randomSeed, olds, from_struct(request.news))
        found = validate(self.package, token, news) or self.inspect(token, news)
        refused = [provider_pb2.CheckFailure(property=one.path, reason=one.reason) for one in found]
        return provider_pb2.CheckResponse(inputs=to_struct(news), failures=refused)

    def Diff(self, request: Any, context: Any) -> Any:
        token = token_of(request.urn)
        olds, news = from_struct(request.old_inputs), from_struct(request.news)
        names = sorted(name for name in olds.keys() | news.keys() if not name.startswith(NOTE))
        changed = [name for name in names if olds.get(name) != news.get(name)]
        replaced = self.replaces(token, changed)
        kinds = provider_pb2.PropertyDiff
        detail = {
            name: kinds(
                kind=kinds.UPDATE_REPLACE if name in replaced else kinds.UPDATE,
                inputDiff=True,
            )
            for name in changed
        }
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=changed,
            replaces=replaced,
            deleteBeforeReplace=bool(replaced) and self.must_delete_first(token, olds, news),
            detailedDiff=detail,
            hasDetailedDiff=True,
        )

    def Create(self, request: Any, context: Any) -> Any:
        inputs = from_struct(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(id="", properties=to_struct(without_notes(inputs)))
        identity, outputs = self._call(context, request.urn, self.create, token_of(request.urn), request.urn, inputs)
        return provider_pb2.CreateResponse(id=identity, properties=to_struct(outputs))

    def Update(self, request: Any, context: Any) -> Any:
        olds, news = from_struct(request.olds), from_struct(request.news)
        if request.preview:
            return provider_pb2.UpdateResponse(properties=to_struct({**olds, **without_notes(news)}))
        token = token_of(request.urn)
        outputs = self._call(context, request.urn, self.update, token, request.urn, request.id, olds, news)
        return provider_pb2.UpdateResponse(properties=to_struct(outputs))

    def Delete(self, request: Any, context: Any) -> Any:
        properties = from_struct(request.properties)
        self._call(context, request.urn, self.delete, token_of(request.urn), request.urn, request.id, properties)
        return empty_pb2.Empty()

    def Read(self, request: Any, context: Any) -> Any:
        properties = from_struct(request.properties)
        outputs = self.read(token_of(request.urn), request.urn, request.id, properties)
        if outputs is None:
            return provider_pb2.ReadResponse()
        inputs = {key: outputs.get(key, value) for key, value in from_struct(request.inputs).items()}
        return provider_pb2.ReadResponse(id=request.id, properties=to_struct(outputs), inputs=to_struct(inputs))

    def _call(self, context: Any, urn: str, operation: Any, *arguments: Any) -> Any:
        try:
            return operation(*arguments)
        except AwsError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"{urn.rpartition('::')[2]}: {error}")


def _parse_json(value: Any) -> Any:
    # The engine passes structured configuration as JSON text.
    return json.loads(value) if isinstance(value, str) and value.startswith(("{", "[")) else value


def token_of(urn: str) -> str:
    """Type of the resource `urn`, without its parents' types."""
    return urn.split("::")[2].rpartition("$")[2]


def without_notes(inputs: dict[str, Any]) -> dict[str, Any]:
    """Inputs without the keys that the provider added for itself."""
    return {key: value for key, value in inputs.items() if not key.startswith(NOTE)}


def serve(provider: Provider) -> None:
    """Serve until the engine ends this process."""
    server = start_server(
        lambda server: provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server), workers=16
    )
    try:
        server.wait_for_termination()
    except KeyboardInterrupt:
        server.stop(grace=0)
