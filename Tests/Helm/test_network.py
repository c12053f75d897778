"""Network policies let every call through that the code makes, and none that it does not.

Who calls whom is read where the code decides it, in the table of who may call which method.
"""

import re

import pytest

from chart_objects import ROLES, admits, container_ports

TABLE = "Sources/LehrRPC/Security/AuthorizationTable.swift"
MEMBERS = {"shard", "worker", "serving"}


@pytest.fixture(scope="session")
def edges(root):
    """Pairs of caller and called."""
    text = (root / TABLE).read_text()
    found = set()
    for server, rule in re.findall(r"(Coordinator|Shard)Methods\.\w+\.path: \.roles\(([^\n]*)\)", text):
        callers = set(re.findall(r"\.(shard|worker|serving|client|coordinator)\b", rule))
        if "PeerRole.members" in rule:
            callers |= MEMBERS
        assert callers, rule
        found |= {(caller, server.lower()) for caller in callers}
    assert ("worker", "shard") in found and ("shard", "worker") not in found
    return found


def grpc_ports(objects, role):
    ports = container_ports(objects.pods()[role])
    return [number for name, number in ports.items() if name.startswith("grpc")]


@pytest.fixture(params=["defaults", "everything", "many shards"])
def policed(request, rendered):
    return rendered(request.param)


def test_every_call_of_the_code_is_let_through(policed, edges):
    for caller, called in edges:
        ports = grpc_ports(policed, called)
        assert ports
        for port in ports:
            assert admits(policed, caller, called, port), (caller, called, port)


def test_no_other_call_is(policed, edges):
    denied = 0
    for caller in ROLES:
        for called in ROLES:
            # Serving's own doors are for whom the values say, below.
            if (caller, called) in edges or called == "serving":
                continue
            for port in (*grpc_ports(policed, called), 22, 7199, 8080):
                assert not admits(policed, caller, called, port), (caller, called, port)
                denied += 1
    assert denied > 20


def test_ports_beside_those_of_the_cores_are_closed(policed):
    ports = grpc_ports(policed, "shard")
    for port in (min(ports) - 1, max(ports) + 1):
        assert not admits(policed, "worker", "shard", port)


def test_serving_is_open_to_the_namespace_and_calls_nobody_but_the_coordinator(rendered):
    objects = rendered("defaults")
    policy = objects.role("NetworkPolicy", "serving")["spec"]
    doors = [rule for rule in policy["ingress"] if {"podSelector": {}} in rule["from"]]
    assert [port["port"] for rule in doors for port in rule["ports"]] == [8500, 8501]
    assert admits(objects, "client", "serving", 8501)
    assert admits(objects, "serving", "coordinator", 7100)
    assert not admits(objects, "serving", "shard", 7200)
    assert not admits(objects, "worker", "serving", 8501)


def test_the_coordinator_calls_nobody(policed):
    assert not policed.role("NetworkPolicy", "coordinator")["spec"].get("egress")


def test_metrics_are_for_whom_the_values_say(rendered):
    def doors(objects, role):
        rules = objects.role("NetworkPolicy", role)["spec"].get("ingress") or []
        return [
            port["port"] for rule in rules for port in rule["ports"]
            if any("namespaceSelector" in peer for peer in rule["from"])
        ]

    for role, port in (("coordinator", 8080), ("shard", 8080), ("worker", 8080), ("serving", 8501)):
        assert doors(rendered("everything"), role) == [port]
        assert doors(rendered("defaults"), role) == []


def test_without_policies_there_are_none(rendered):
    assert rendered("bare").of("NetworkPolicy") == []
