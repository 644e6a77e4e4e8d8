"""Property tests of the pure decisions: subnets, names, tags, containers, capacity strategies, policies."""

from __future__ import annotations

import json
import re
from datetime import date, time
from ipaddress import IPv4Network
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.data.bucket import LifecycleRules, lifecycle_rules
from components.service.containers import HealthCheck, Workload, definition
from components.service.images import context_tag
from components.service.tier import capacity_providers
from layout import acls, subnets
from layout.documents import allow, document, tls_only, trust
from layout.naming import LIMITS, PREFIX_MAX, NameRefusedError, Names, check_name
from layout.windows import backup_window, maintenance_window, overlaps

prefixes = st.integers(min_value=16, max_value=23)
vpcs = st.builds(
    lambda octet, prefix: IPv4Network((f"10.{octet}.0.0", prefix)), st.integers(min_value=0, max_value=255), prefixes
)
words = st.from_regex(r"[a-z](-?[a-z0-9]){0,8}", fullmatch=True)


def names(study: str = "octank", environment: str = "dev") -> Names:
    return Names(
        study=study,
        environment=environment,
        account="111122223333",
        region="us-east-1",
        data="phi",
        cost_center="radiology",
        contact="owner@octank.example",
        expiry=date(2027, 12, 1),
    )


@given(vpc=vpcs)
def test_subnets_lie_inside_the_vpc_and_share_no_address(vpc: IPv4Network) -> None:
    blocks = [subnets.subnet(vpc, role, zone) for role in subnets.ROLES for zone in subnets.ZONES]
    assert all(block.subnet_of(vpc) for block in blocks)
    assert not [pair for pair in combinations(blocks, 2) if pair[0].overlaps(pair[1])]


@given(vpc=vpcs, count=st.integers(min_value=1, max_value=len(subnets.ZONES) - 1))
def test_another_zone_moves_no_subnet(vpc: IPv4Network, count: int) -> None:
    def plan(zones: int) -> dict[tuple[str, str], IPv4Network]:
        return {
            (role, zone): subnets.subnet(vpc, role, zone) for role in subnets.ROLES for zone in subnets.zones(zones)
        }

    assert plan(count).items() <= plan(count + 1).items()


@pytest.mark.parametrize("count", [0, len(subnets.ZONES) + 1])
def test_a_number_of_zones_without_room_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="availability_zones"):
        subnets.zones(count)


@given(clients=st.lists(vpcs, max_size=40))
def test_covering_cidrs_hold_every_client_and_little_else(clients: list[IPv4Network]) -> None:
    covering = acls.covering_cidrs(clients)
    assert all(any(client.subnet_of(block) for block in covering) for client in clients)
    outside = [block for block in covering if not any(block.supernet_of(client) for client in clients)]
    assert outside == []
    assert len(covering) <= acls.MAX_PEERS  # every generated network is private


def test_a_short_list_of_clients_is_covered_exactly() -> None:
    clients = [IPv4Network(f"172.20.{third}.0/24") for third in range(0, 16, 2)]
    assert acls.covering_cidrs(clients) == tuple(clients)
    assert acls.covering_cidrs([*clients, IPv4Network("172.20.32.0/24")]) == (IPv4Network("172.16.0.0/12"),)


@given(vpc=vpcs, clients=st.lists(vpcs, max_size=4))
def test_acls_name_every_peer_and_nothing_but_answers_comes_from_anywhere(
    vpc: IPv4Network, clients: list[IPv4Network]
) -> None:
    edge = acls.edge_acl(vpc, clients, outbound=False)
    assert {rule.peer for rule in edge.ingress if rule.ports == acls.HTTPS} == {*acls.covering_cidrs(clients), vpc}
    everywhere = [
        rule
        for acl in (acls.app_acl(vpc, tasks=[vpc], data=[vpc]), acls.data_acl([vpc]))
        for rule in acl.ingress
        if rule.peer == acls.ANYWHERE
    ]
    assert [rule.ports for rule in everywhere] == [acls.EPHEMERAL]


@given(study=words, environment=words, suffix=words, kind=st.sampled_from(sorted(LIMITS)))
def test_a_name_fits_its_service_or_is_refused(study: str, environment: str, suffix: str, kind: str) -> None:
    limit, full = LIMITS[kind], f"{study}-{environment}-{suffix}"
    fits = limit.shortest <= len(full) <= limit.longest and re.fullmatch(limit.pattern, full, re.ASCII)
    if fits:
        assert names(study, environment).of(kind, suffix) == full
    else:
        with pytest.raises(NameRefusedError, match=re.escape(kind)):
            names(study, environment).of(kind, suffix)


def test_the_longest_prefix_leaves_room_for_the_shortest_limit() -> None:
    longest = names("s" * (PREFIX_MAX - len("-prod")), "prod")
    assert len(longest.prefix) == PREFIX_MAX
    assert longest.of("lb.LoadBalancer", "alb")
    with pytest.raises(NameRefusedError, match=r"Shorten study\.id"):
        longest.of("lb.LoadBalancer", "a-balancer-of-that-name")


def test_an_alias_of_aws_s_own_is_refused() -> None:
    with pytest.raises(NameRefusedError):
        check_name("kms.Alias", "alias/aws/s3")


@given(name=words, classification=words)
def test_a_resource_s_tags_never_hide_a_default_one(name: str, classification: str) -> None:
    known = names()
    assert not known.default_tags().keys() & known.tags(name, classification).keys()


texts = st.text(st.characters(codec="utf-8"), max_size=20)


@st.composite
def workloads(draw: st.DrawFn) -> Workload:
    return Workload(
        name=draw(words),
        image="registry.example/image@sha256:0",
        repository_arn="arn:aws:ecr:us-east-1:111122223333:repository/image",
        user="101:101",
        ports=draw(st.dictionaries(words, st.integers(1, 65535), min_size=1, max_size=3)),
        environment=draw(st.dictionaries(words, texts, max_size=5)),
        secrets=draw(st.dictionaries(words, texts, max_size=5)),
        writable=draw(st.dictionaries(st.just("/tmp"), st.integers(1, 512), max_size=1)),
        health=HealthCheck(command=("CMD", "true")),
        log_mode=draw(st.sampled_from(["blocking", "non-blocking"])),
        log_type="test",
        readable=(),
    )


@given(workload=workloads())
def test_every_container_is_locked_down_and_takes_secrets_by_reference(workload: Workload) -> None:
    made = definition(workload, log_group="/logs", region="us-east-1")
    assert json.loads(json.dumps(made)) == made
    assert made["readonlyRootFilesystem"] is True
    assert made["privileged"] is False
    assert made["linuxParameters"]["capabilities"] == {"drop": ["ALL"]}
    assert not made["user"].startswith("0")
    assert {entry["name"]: entry["valueFrom"] for entry in made["secrets"]} == dict(workload.secrets)
    assert {entry["name"]: entry["value"] for entry in made["environment"]} == dict(workload.environment)
    options = made["logConfiguration"]["options"]
    assert options["mode"] == workload.log_mode
    assert ("max-buffer-size" in options) == (workload.log_mode == "non-blocking")


@given(share=st.floats(min_value=0, max_value=1))
def test_the_weights_of_a_strategy_add_up(share: float) -> None:
    providers: list[Any] = capacity_providers(share)
    weights = [provider.weight for provider in providers]
    assert sum(weights) == 100
    assert all(weights), "a provider without a share is left out"


def test_images_move_on_only_when_large_enough_and_old_versions_always_end() -> None:
    rules: list[Any] = lifecycle_rules(LifecycleRules(transitions=((30, "GLACIER_IR"),), minimum_size_bytes=262_144))
    move, tidy = rules
    assert move.filter.object_size_greater_than == 262_144
    assert tidy.noncurrent_version_expiration.noncurrent_days == 90
    assert tidy.abort_incomplete_multipart_upload is not None
    assert len(lifecycle_rules(LifecycleRules())) == 1


def test_a_bucket_refuses_plain_http_and_old_tls_from_everybody() -> None:
    plain, old = tls_only("arn:aws:s3:::images")
    assert plain["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert old["Condition"] == {"NumericLessThan": {"s3:TlsVersion": "1.2"}}
    assert {statement["Effect"] for statement in (plain, old)} == {"Deny"}


def test_a_service_is_trusted_for_this_account_alone() -> None:
    (statement,) = json.loads(trust("ecs-tasks.amazonaws.com", "111122223333", source="arn:aws:ecs:*"))["Statement"]
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": "111122223333"}
    assert statement["Condition"]["ArnLike"] == {"aws:SourceArn": "arn:aws:ecs:*"}


def test_the_same_statements_make_the_same_document() -> None:
    statement = allow("Read", ["s3:GetObject"], ["arn:aws:s3:::images/*"])
    assert document(statement) == document(dict(statement))


def test_an_image_s_tag_changes_with_any_file_and_the_platform_and_with_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    first = context_tag(tmp_path, "linux/arm64")
    (tmp_path / "Dockerfile").touch()
    assert context_tag(tmp_path, "linux/arm64") == first
    (tmp_path / "entrypoint.sh").write_text("")
    second = context_tag(tmp_path, "linux/arm64")
    (tmp_path / "entrypoint.sh").rename(tmp_path / "start.sh")
    third = context_tag(tmp_path, "linux/arm64")
    assert len({first, second, third, context_tag(tmp_path, "linux/amd64")}) == 4


def test_a_window_that_passes_midnight_ends_on_the_next_day():
    assert maintenance_window("sun", time(23, 30)) == "sun:23:30-mon:00:30"
    assert backup_window(time(23, 30)) == "23:30-00:30"
    assert overlaps(time(23, 30), time(0, 29))
    assert not overlaps(time(23, 30), time(0, 30))
