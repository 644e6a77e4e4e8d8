"""A monitor that stands in for the engine: it keeps all of every registration and answers with tokens."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from google.protobuf import struct_pb2
from pulumi.runtime import mocks, rpc
from pulumi.runtime.proto import resource_pb2

from ops.outputs import tokens

STACK_TYPE = "pulumi:pulumi:Stack"
SECRET = "[secret]"  # noqa: S105
UNKNOWN = "[unknown]"


class UnexpectedCallError(RuntimeError):
    """The program asked AWS something while it was planned."""


class DuplicateUrnError(RuntimeError):
    """Two resources of the same type, name and parent: mocks accept them, the engine does not."""


@dataclass(frozen=True, kw_only=True)
class Registration:
    """One resource as the program registered it. `inputs` are the engine's: camelCase, secrets masked."""

    urn: str
    type: str
    name: str
    custom: bool
    parent: str
    provider: str
    inputs: dict[str, Any]
    protect: bool
    retain_on_delete: bool
    delete_before_replace: bool
    ignore_changes: tuple[str, ...]
    aliases: tuple[str, ...]
    dependencies: tuple[str, ...]
    property_dependencies: dict[str, tuple[str, ...]] = field(default_factory=dict)


def plain(value: struct_pb2.Value) -> Any:
    """A property as plain data; numbers without a fraction are integers."""
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        fields = value.struct_value.fields
        signature = fields[rpc._special_sig_key].string_value if rpc._special_sig_key in fields else ""  # noqa: SLF001
        if signature == rpc._special_secret_sig:  # noqa: SLF001
            return SECRET
        return {key: plain(item) for key, item in fields.items()}
    if kind == "list_value":
        return [plain(item) for item in value.list_value.values]
    if kind == "number_value":
        return int(value.number_value) if value.number_value.is_integer() else value.number_value
    if kind == "string_value":
        return UNKNOWN if value.string_value == rpc.UNKNOWN else value.string_value
    return value.bool_value if kind == "bool_value" else None


class Recorder(mocks.MockMonitor):
    """Keeps registrations, component outputs and exports; refuses duplicate URNs and every call to a provider."""

    def __init__(self, *, preview: bool) -> None:
        super().__init__(_NoCalls())
        self.preview = preview
        self.registrations: dict[str, Registration] = {}
        self.outputs: dict[str, dict[str, Any]] = {}

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802  named by the protocol
        """Record the resource, and answer with its inputs and, unless previewing, a token per output."""
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == STACK_TYPE:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        if urn in self.registrations:
            raise DuplicateUrnError(f"{urn} is registered twice; give one of the two another name")
        self.registrations[urn] = _registration(urn, request)
        state = struct_pb2.Struct()
        if request.custom and not self.preview:
            state.update(tokens(request.type, urn))
            for name in request.additionalSecretOutputs:
                state.update({name: {rpc._special_sig_key: rpc._special_secret_sig, "value": f"${{{urn}.{name}}}"}})  # noqa: SLF001
        elif request.type == "awsx:ecr:Repository" and not self.preview:
            state.update({"url": f"${{{urn}.url}}"})
        elif request.type == "awsx:ecr:Image" and not self.preview:
            state.update({"imageUri": f"${{{urn}.imageUri}}"})
        state.MergeFrom(request.object)
        identity = "" if self.preview or not request.custom else f"${{{urn}.id}}"
        return resource_pb2.RegisterResourceResponse(urn=urn, id=identity, object=state)

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802  named by the protocol
        """Record what a component, or the stack, says of itself."""
        self.outputs[request.urn] = {key: plain(value) for key, value in request.outputs.fields.items()}
        return super().RegisterResourceOutputs(request)


class _NoCalls(mocks.Mocks):
    def call(self, args: mocks.MockCallArgs) -> Any:
        raise UnexpectedCallError(f"{args.token} was called: a program that asks AWS cannot be planned offline")

    def new_resource(self, args: mocks.MockResourceArgs) -> Any:
        raise UnexpectedCallError(f"{args.name} of {args.typ} was read: the program declares, it does not look up")


def _registration(urn: str, request: Any) -> Registration:
    return Registration(
        urn=urn,
        type=request.type,
        name=request.name,
        custom=request.custom,
        parent=request.parent,
        provider=request.provider.rpartition("::")[0],
        inputs={key: plain(value) for key, value in request.object.fields.items()},
        protect=request.protect,
        retain_on_delete=request.retainOnDelete,
        delete_before_replace=request.deleteBeforeReplace,
        ignore_changes=tuple(request.ignoreChanges),
        aliases=tuple(alias.urn for alias in request.aliases),
        dependencies=tuple(request.dependencies),
        property_dependencies={key: tuple(value.urns) for key, value in request.propertyDependencies.items()},
    )
