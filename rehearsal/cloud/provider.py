"""The provider protocol, for any package: check against the tables, diff on inputs, and four operations.

https://github.com/pulumi/pulumi/blob/master/proto/pulumi/provider.proto
"""

from __future__ import annotations

import json
import sys
from abc import ABC, abstractmethod
from concurrent import futures
from hashlib import sha256
from importlib.metadata import version
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from rehearsal.cloud.properties import UNKNOWN, from_struct, to_struct
from rehearsal.cloud.rules.errors import AwsError
from rehearsal.cloud.validation import Failure, failures
from rehearsal.engine.parent import end_with_parent

MESSAGE_BYTES = 400 * 1024 * 1024
HIDDEN = "__"  # keys that the engine keeps and does not show


class Provider(provider_pb2_grpc.ResourceProviderServicer, ABC):
    """A provider of one package. Subclasses say what the operations do; messages keep to the protocol's names."""

    # ruff: noqa: D102

    def __init__(self, package: str) -> None:
        self.package = package
        self.config: dict[str, Any] = {}

    @abstractmethod
    def create(self, token: str, urn: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Creates a resource; returns its id and outputs. Raises AwsError."""

    @abstractmethod
    def replaces(self, token: str, changed: list[str]) -> list[str]:
        """Those of the changed properties that only a new resource can have."""

    def prepare(self, token: str, urn: str, seed: bytes, olds: dict[str, Any], news: dict[str, Any]) -> dict[str, Any]:
        """Inputs with the defaults that the provider fills in."""
        return news

    def inspect(self, token: str, inputs: dict[str, Any]) -> list[Failure]:
        """What is wrong with the inputs beyond their names and types."""
        return []

    def update(self, token: str, urn: str, identity: str, olds: dict[str, Any], news: dict[str, Any]) -> dict[str, Any]:
        """Changes a resource; returns its outputs. Raises AwsError."""
        return {**olds, **news}

    def delete(self, token: str, urn: str, identity: str, properties: dict[str, Any]) -> None:
        """Deletes a resource. Raises AwsError."""

    def read(self, token: str, urn: str, identity: str, properties: dict[str, Any]) -> dict[str, Any] | None:
        """Present outputs, None if the resource is gone."""
        return properties

    def must_delete_first(self, token: str, olds: dict[str, Any], news: dict[str, Any]) -> bool:
        """Whether the old resource has to go before its successor can come."""
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
        self.config = {key: _structured(value) for key, value in from_struct(request.args).items()}
        # Without acceptSecrets the engine opens secrets for us and marks the outputs of the same name again.
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def Invoke(self, request: Any, context: Any) -> Any:
        context.abort(
            grpc.StatusCode.UNIMPLEMENTED, f"{request.tok}: the rehearsal has no data sources; declare it instead"
        )

    def Check(self, request: Any, context: Any) -> Any:
        token, olds = token_of(request.urn), from_struct(request.olds)
        news = self.prepare(token, request.urn, request.randomSeed, olds, from_struct(request.news))
        found = failures(self.package, token, news) or self.inspect(token, news)
        refused = [provider_pb2.CheckFailure(property=one.path, reason=one.reason) for one in found]
        return provider_pb2.CheckResponse(inputs=to_struct(news), failures=refused)

    def Diff(self, request: Any, context: Any) -> Any:
        token = token_of(request.urn)
        olds, news = from_struct(request.old_inputs), from_struct(request.news)
        names = sorted(name for name in olds.keys() | news.keys() if not name.startswith(HIDDEN))
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
            return provider_pb2.CreateResponse(id="", properties=to_struct(visible(inputs)))
        identity, outputs = self._answer(context, request.urn, self.create, token_of(request.urn), request.urn, inputs)
        return provider_pb2.CreateResponse(id=identity, properties=to_struct(outputs))

    def Update(self, request: Any, context: Any) -> Any:
        olds, news = from_struct(request.olds), from_struct(request.news)
        if request.preview:
            return provider_pb2.UpdateResponse(properties=to_struct({**olds, **visible(news)}))
        token = token_of(request.urn)
        outputs = self._answer(context, request.urn, self.update, token, request.urn, request.id, olds, news)
        return provider_pb2.UpdateResponse(properties=to_struct(outputs))

    def Delete(self, request: Any, context: Any) -> Any:
        properties = from_struct(request.properties)
        self._answer(context, request.urn, self.delete, token_of(request.urn), request.urn, request.id, properties)
        return empty_pb2.Empty()

    def Read(self, request: Any, context: Any) -> Any:
        properties = from_struct(request.properties)
        outputs = self.read(token_of(request.urn), request.urn, request.id, properties)
        if outputs is None:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(id=request.id, properties=to_struct(outputs), inputs=request.inputs)

    def _answer(self, context: Any, urn: str, operation: Any, *arguments: Any) -> Any:
        try:
            return operation(*arguments)
        except AwsError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"{urn.rpartition('::')[2]}: {error}")


def _structured(value: Any) -> Any:
    # The engine hands structured configuration over as JSON text.
    return json.loads(value) if isinstance(value, str) and value.startswith(("{", "[")) else value


def token_of(urn: str) -> str:
    """Type of the resource `urn`, without its parents'."""
    return urn.split("::")[2].rpartition("$")[2]


def visible(inputs: dict[str, Any]) -> dict[str, Any]:
    """Inputs without the provider's own notes."""
    return {key: value for key, value in inputs.items() if not key.startswith(HIDDEN)}


def complete(inputs: dict[str, Any]) -> bool:
    """Whether nothing in the inputs is still unknown."""
    return all(value is not UNKNOWN for value in inputs.values())


def digest(*parts: str) -> str:
    """Stable digits of some text."""
    return sha256("|".join(parts).encode()).hexdigest()


def serve(provider: Any) -> None:
    """Serves until the engine ends this process; the port is the one line on standard output."""
    end_with_parent()
    limits = [("grpc.max_receive_message_length", MESSAGE_BYTES), ("grpc.max_send_message_length", MESSAGE_BYTES)]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16), options=limits)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    try:
        server.wait_for_termination()
    except KeyboardInterrupt:
        server.stop(grace=0)
