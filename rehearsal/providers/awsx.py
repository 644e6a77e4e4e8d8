"""The provider `awsx`: its two ECR components, with the children that the real ones register."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import pulumi
from google.protobuf import struct_pb2
from pulumi.provider.experimental import provider, server
from pulumi.provider.experimental.property_value import Computed, PropertyValue

from awsmodel.properties import SIGNATURE, UNKNOWN, UNKNOWN_TEXT
from rehearsal.cloud.validation import validate
from rehearsal.engine.parent import end_with_parent

REPOSITORY, IMAGE = "awsx:ecr:Repository", "awsx:ecr:Image"
BUILD = "docker-build:index:Image"
_OUTPUT_VALUE = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
# The lifecycle policy is an argument of the component, and not of its repository.
_NOT_PASSED_ON = {"lifecyclePolicy"}


class RejectedError(ValueError):
    """Arguments that the component would reject."""


def to_plain(value: PropertyValue) -> Any:
    """A component's input as plain data."""
    inner = value.value
    # An unknown member of a resource reference arrives as the engine's marker, in plain text.
    if isinstance(inner, Computed) or inner == UNKNOWN_TEXT:
        return UNKNOWN
    if isinstance(inner, Mapping):
        return {key: to_plain(item) for key, item in inner.items()}
    if isinstance(inner, Sequence) and not isinstance(inner, str):
        return [to_plain(item) for item in inner]
    return int(inner) if isinstance(inner, float) and inner.is_integer() else inner


def to_input(value: Any) -> Any:
    """Plain data as an input of a child; unknown values stay unknown."""
    if value is UNKNOWN:
        loop = asyncio.get_running_loop()
        nothing, known = loop.create_future(), loop.create_future()
        nothing.set_result(None)
        known.set_result(False)
        return pulumi.Output(set(), nothing, known)
    if isinstance(value, dict):
        return {key: to_input(item) for key, item in value.items()}
    return [to_input(item) for item in value] if isinstance(value, list) else value


class Components(provider.Provider):
    """awsx.ecr.Repository with its child repository, and awsx.ecr.Image."""

    async def construct(self, request: provider.ConstructRequest) -> provider.ConstructResponse:
        """Register the component and its children with the engine."""
        inputs = {key: to_plain(value) for key, value in request.inputs.items()}
        if found := validate("awsx", request.resource_type, inputs):
            raise RejectedError("; ".join(f"{request.name}: {one.path}: {one.reason}" for one in found))
        component = pulumi.ComponentResource(request.resource_type, request.name, None, request.options)
        create = {REPOSITORY: self._repository, IMAGE: self._image}[request.resource_type]
        outputs = create(component, request.name, inputs)
        component.register_outputs(outputs)
        state = {name: await _property(output) for name, output in outputs.items()}
        urn = await component.urn.future()
        return provider.ConstructResponse(urn=str(urn), state=state, state_dependencies={})

    @staticmethod
    def _repository(component: Any, name: str, inputs: dict[str, Any]) -> dict[str, pulumi.Output[Any]]:
        own = {key: to_input(value) for key, value in inputs.items() if key not in _NOT_PASSED_ON}
        child = pulumi.CustomResource(
            "aws:ecr/repository:Repository",
            name,
            {**own, "repositoryUrl": None},
            _child_of(component),
        )
        return {"url": child.__dict__["repositoryUrl"]}

    @staticmethod
    def _image(component: Any, name: str, inputs: dict[str, Any]) -> dict[str, pulumi.Output[Any]]:
        """The build is a child of another package, registered once the repository is known.

        https://github.com/pulumi/pulumi-awsx/blob/master/awsx/ecr/image.ts
        """
        url = inputs["repositoryUrl"]
        if url is UNKNOWN:
            return {"imageUri": to_input(UNKNOWN)}
        tag = inputs.get("imageName") or inputs.get("imageTag") or f"{name}-container"
        child = pulumi.CustomResource(BUILD, tag, build_arguments(inputs, f"{url}:{tag}"), _child_of(component))
        return {"imageUri": pulumi.Output.concat(url, "@", child.__dict__["digest"])}


def _child_of(component: Any) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(parent=component)


def build_arguments(inputs: dict[str, Any], reference: str) -> dict[str, Any]:
    """Arguments of the image's build, and the output `digest`, which is read from it."""
    cached = inputs.get("cacheFrom") or [reference]
    return {
        "tags": [reference],
        "buildArgs": inputs.get("args"),
        "cacheFrom": [{"registry": {"ref": one}} for one in cached],
        "cacheTo": [{"inline": {}}],
        "context": {"location": inputs.get("context", ".")},
        "dockerfile": {"location": inputs["dockerfile"]} if "dockerfile" in inputs else None,
        "platforms": [inputs["platform"]] if "platform" in inputs else [],
        "target": inputs.get("target"),
        "push": True,
        "registries": [{"address": reference.partition("/")[0], "username": "AWS"}],
        "digest": None,
    }


async def _property(output: pulumi.Output[Any]) -> PropertyValue:
    known = await output.is_known()
    # The SDK reads Computed and cannot write it; the engine accepts the marker instead.
    return PropertyValue(await output.future() if known else UNKNOWN_TEXT)


class Servicer(server.ProviderServicer):
    """The SDK's servicer, which fails on an Output whose value is not known yet."""

    async def Construct(self, request: Any, context: Any) -> Any:
        """Replace such an Output with the plain unknown marker first."""
        for name, value in request.inputs.fields.items():
            request.inputs.fields[name].CopyFrom(_replace_unknown(value))
        return await super().Construct(request, context)


def _replace_unknown(value: struct_pb2.Value) -> struct_pb2.Value:
    kind = value.WhichOneof("kind")
    if kind == "list_value":
        items = [_replace_unknown(item) for item in value.list_value.values]
        return struct_pb2.Value(list_value=struct_pb2.ListValue(values=items))
    if kind != "struct_value":
        return value
    fields = value.struct_value.fields
    if SIGNATURE in fields and fields[SIGNATURE].string_value == _OUTPUT_VALUE:
        return _replace_unknown(fields["value"]) if "value" in fields else struct_pb2.Value(string_value=UNKNOWN_TEXT)
    replaced = {key: _replace_unknown(item) for key, item in fields.items()}
    return struct_pb2.Value(struct_value=struct_pb2.Struct(fields=replaced))


def serve_components() -> None:
    """Serve until the engine ends this process."""
    end_with_parent()
    server.ProviderServicer = Servicer  # ty: ignore[invalid-assignment]  `main` looks its servicer up by this name
    del sys.argv[1]  # `main` reads the command line itself, and expects the engine's address first
    server.main(sys.argv[1:], version("pulumi-awsx"), Components())
