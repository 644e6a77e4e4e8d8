"""The provider `awsx`: its two ECR components. An image is not built; its digest is that of the build context."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pulumi
from google.protobuf import struct_pb2
from pulumi.provider.experimental import provider, server
from pulumi.provider.experimental.property_value import Computed, PropertyValue

from rehearsal.cloud.properties import UNKNOWN
from rehearsal.cloud.validation import failures
from rehearsal.engine.parent import end_with_parent

REPOSITORY, IMAGE = "awsx:ecr:Repository", "awsx:ecr:Image"
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_OUTPUT_VALUE = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
# awsx's own property for the lifecycle policy is a component argument, not one of the repository.
_NOT_PASSED_ON = {"lifecyclePolicy"}


class RefusedError(ValueError):
    """Arguments that the component would refuse."""


def plain(value: PropertyValue) -> Any:
    """A component's input as plain data."""
    inner = value.value
    # A resource reference's member that is unknown arrives as the engine's marker, in plain text.
    if isinstance(inner, Computed) or inner == _UNKNOWN_TEXT:
        return UNKNOWN
    if isinstance(inner, Mapping):
        return {key: plain(item) for key, item in inner.items()}
    if isinstance(inner, Sequence) and not isinstance(inner, str):
        return [plain(item) for item in inner]
    return int(inner) if isinstance(inner, float) and inner.is_integer() else inner


def as_input(value: Any) -> Any:
    """Plain data as an input of a child; what is unknown stays unknown."""
    if value is UNKNOWN:
        loop = asyncio.get_running_loop()
        nothing, known = loop.create_future(), loop.create_future()
        nothing.set_result(None)
        known.set_result(False)
        return pulumi.Output(set(), nothing, known)
    if isinstance(value, dict):
        return {key: as_input(item) for key, item in value.items()}
    return [as_input(item) for item in value] if isinstance(value, list) else value


def context_digest(inputs: dict[str, Any]) -> str:
    """Digest of what an image would be built from: its files, arguments and platform."""
    folder = Path(inputs["context"])
    dockerfile = Path(inputs.get("dockerfile", folder / "Dockerfile"))
    if not dockerfile.is_file():
        raise RefusedError(f"dockerfile: {dockerfile} does not exist")
    digest = sha256(json.dumps(inputs, sort_keys=True, default=str).encode())
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        digest.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return digest.hexdigest()


class Components(provider.Provider):
    """awsx.ecr.Repository with its child repository, and awsx.ecr.Image."""

    async def construct(self, request: provider.ConstructRequest) -> provider.ConstructResponse:
        """Register the component and its children with the engine."""
        inputs = {key: plain(value) for key, value in request.inputs.items()}
        refused = failures("awsx", request.resource_type, inputs)
        if refused:
            raise RefusedError("; ".join(f"{request.name}: {one.path}: {one.reason}" for one in refused))
        component = pulumi.ComponentResource(request.resource_type, request.name, None, request.options)
        make = {REPOSITORY: self._repository, IMAGE: self._image}[request.resource_type]
        outputs = make(component, request.name, inputs)
        component.register_outputs(outputs)
        state = {name: await _property(output) for name, output in outputs.items()}
        urn = await component.urn.future()
        return provider.ConstructResponse(urn=str(urn), state=state, state_dependencies={})

    @staticmethod
    def _repository(component: Any, name: str, inputs: dict[str, Any]) -> dict[str, pulumi.Output[Any]]:
        own = {key: as_input(value) for key, value in inputs.items() if key not in _NOT_PASSED_ON}
        child = pulumi.CustomResource(
            "aws:ecr/repository:Repository",
            name,
            {**own, "repositoryUrl": None},
            pulumi.ResourceOptions(parent=component),
        )
        return {"url": child.__dict__["repositoryUrl"]}

    @staticmethod
    def _image(component: Any, name: str, inputs: dict[str, Any]) -> dict[str, pulumi.Output[Any]]:  # noqa: ARG004
        url = as_input(inputs.pop("repositoryUrl"))
        return {"imageUri": pulumi.Output.concat(url, "@sha256:", context_digest(inputs))}


async def _property(output: pulumi.Output[Any]) -> PropertyValue:
    known = await output.is_known()
    # The SDK reads Computed and does not write it; the engine takes the marker itself.
    return PropertyValue(await output.future() if known else _UNKNOWN_TEXT)


class Servicer(server.ProviderServicer):
    """The SDK's servicer, which does not take an Output whose value is still unknown."""

    async def Construct(self, request: Any, context: Any) -> Any:
        """Write such an Output as the plain unknown marker first."""
        for name, value in request.inputs.fields.items():
            request.inputs.fields[name].CopyFrom(_resolved(value))
        return await super().Construct(request, context)


def _resolved(value: struct_pb2.Value) -> struct_pb2.Value:
    kind = value.WhichOneof("kind")
    if kind == "list_value":
        items = [_resolved(item) for item in value.list_value.values]
        return struct_pb2.Value(list_value=struct_pb2.ListValue(values=items))
    if kind != "struct_value":
        return value
    fields = value.struct_value.fields
    if _SIGNATURE in fields and fields[_SIGNATURE].string_value == _OUTPUT_VALUE:
        return _resolved(fields["value"]) if "value" in fields else struct_pb2.Value(string_value=_UNKNOWN_TEXT)
    resolved = {key: _resolved(item) for key, item in fields.items()}
    return struct_pb2.Value(struct_value=struct_pb2.Struct(fields=resolved))


def serve_components() -> None:
    """Serve until the engine ends this process."""
    end_with_parent()
    server.ProviderServicer = Servicer  # ty: ignore[invalid-assignment]  `main` makes its servicer by this name
    del sys.argv[1]  # `main` reads the command line itself, and expects the engine's address first
    server.main(sys.argv[1:], version("pulumi-awsx"), Components())
