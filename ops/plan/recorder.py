"""A mock of the engine's monitor: records every registration in full and answers with placeholders."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pulumi.runtime import mocks, rpc
from pulumi.runtime.proto import engine_pb2, resource_pb2

from ops.plan.outputs import outputs
from ops.plan.resources import PROVIDER_PREFIX, STACK_TYPE, Plan, PlanError, PlannedResource
from ops.plan.wire import mark_secret, reference_token, to_plain


class Log:
    """The engine's log: records warnings and errors."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def Log(self, request: engine_pb2.LogRequest) -> None:
        """Record what the user would see."""
        if request.severity in {engine_pb2.WARNING, engine_pb2.ERROR}:
            self.messages.append(request.message)


class Recorder(mocks.MockMonitor):
    """A mock of the engine: records registrations, refuses duplicates and every call to a provider."""

    def __init__(self, stack: str, project: str, *, preview: bool) -> None:
        self.stack, self.project, self.preview = stack, project, preview
        self.log = Log()
        self.urn = ""
        self.registrations: dict[str, PlannedResource] = {}
        self.outputs: dict[str, dict[str, Any]] = {}

    def plan(self) -> Plan:
        """Everything registered so far."""
        resources = (replace(resource, outputs=self.outputs.get(urn)) for urn, resource in self.registrations.items())
        exports = self.outputs.get(self.urn, {})
        warnings = tuple(self.log.messages)
        return Plan(stack=self.stack, urn=self.urn, resources=tuple(resources), exports=exports, warnings=warnings)

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """The URN that the engine would form: types of all parents but the stack, then the name."""
        chain = parent.split("::")[2] if parent else STACK_TYPE
        qualified = type_ if chain == STACK_TYPE else f"{chain}${type_}"
        return f"urn:pulumi:{self.stack}::{self.project}::{qualified}::{name}"

    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> resource_pb2.RegisterResourceResponse:
        """Record the resource; answer with its inputs and a placeholder for every other output."""
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == STACK_TYPE:
            self.urn = urn
            return resource_pb2.RegisterResourceResponse(urn=urn)
        if urn in self.registrations:
            raise PlanError(f"{urn} is registered twice, which the engine refuses: give one of the two another name")
        self.registrations[urn] = _to_planned_resource(urn, request)
        response = resource_pb2.RegisterResourceResponse(urn=urn, id=self._id(urn, request))
        if request.custom or request.remote:
            response.object.update(self._computed(urn, request))
        if request.custom:  # a remote component's outputs are not its inputs
            for name, value in request.object.fields.items():
                response.object.fields[name].CopyFrom(value)
        return response

    def RegisterResourceOutputs(self, request: resource_pb2.RegisterResourceOutputsRequest) -> Any:
        """Record the outputs of a component, and the stack's exports."""
        self.outputs[request.urn] = to_plain(request.outputs)
        return super().RegisterResourceOutputs(request)

    def Invoke(self, request: Any) -> Any:
        """Refuse: an answer would make the plan depend on an account."""
        raise PlanError(f"the program calls {request.tok}: it must be declared from settings alone, without asking AWS")

    def Call(self, request: Any) -> Any:
        """Refuse, as `Invoke` does."""
        return self.Invoke(request)

    def ReadResource(self, request: resource_pb2.ReadResourceRequest) -> Any:
        """Refuse: a resource that is looked up is not declared."""
        raise PlanError(f"the program reads {request.type} {request.name}, which this stack does not declare")

    def _id(self, urn: str, request: resource_pb2.RegisterResourceRequest) -> str:
        if request.type.startswith(PROVIDER_PREFIX):
            return request.name  # it follows the URN in `provider` of a request, so it may not contain colons
        return reference_token(urn, "id") if request.custom and not self.preview else ""

    def _computed(self, urn: str, request: resource_pb2.RegisterResourceRequest) -> dict[str, Any]:
        declared = outputs(request.type, urn)
        known = dict.fromkeys(declared, rpc.UNKNOWN) if self.preview else declared
        hidden = set(request.additionalSecretOutputs)
        return {name: mark_secret(value) if name in hidden else value for name, value in known.items()}


def _to_planned_resource(urn: str, request: resource_pb2.RegisterResourceRequest) -> PlannedResource:
    return PlannedResource(
        urn=urn,
        type=request.type,
        name=request.name,
        parent=request.parent,
        provider=request.provider.rpartition("::")[0],
        providers={package: found.rpartition("::")[0] for package, found in sorted(request.providers.items())},
        custom=request.custom,
        protect=request.protect,
        retain_on_delete=request.retainOnDelete,
        delete_before_replace=request.deleteBeforeReplace,
        ignore_changes=tuple(request.ignoreChanges),
        aliases=tuple(alias.urn or alias.spec.name for alias in request.aliases),
        dependencies=tuple(sorted(request.dependencies)),
        property_dependencies={
            key: tuple(sorted(found.urns)) for key, found in sorted(request.propertyDependencies.items())
        },
        secret_outputs=tuple(request.additionalSecretOutputs),
        inputs=to_plain(request.object),
    )
