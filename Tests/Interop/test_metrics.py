"""What `/metrics` tells of the RPC layer, read with Prometheus' own parser."""

import re

import grpc
import pytest
from prometheus_client.parser import text_string_to_metric_families

from Support import web
from Support.waiting import wait_until

LIST_MEMBERS = "/lehr.v1.Coordinator/ListMembers"
# Bytes of a field more than a server takes.
LONG = "v" * 9000


def families(process):
    text = web.get(f"{process.http}/metrics").body
    return {family.name: family for family in text_string_to_metric_families(text)}


def value(found, name, **labels):
    """The sum of the samples of `name` that have these labels."""
    family = found.get(name.removesuffix("_total"))
    samples = family.samples if family else []
    return sum(
        sample.value
        for sample in samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


@pytest.fixture(scope="module")
def after_some_calls(cluster, connect):
    """The families once a good call, a bad one and one with too long headers are counted."""
    channel = connect(cluster.address).channel
    before = families(cluster.coordinator)
    assert channel.unary_unary(LIST_MEMBERS)(b"", timeout=10)
    for path, metadata in [("/x/y", []), (LIST_MEMBERS, [("x-long", LONG)])]:
        with pytest.raises(grpc.RpcError):
            channel.unary_unary(path)(b"", timeout=10, metadata=metadata)

    def counted():
        found = families(cluster.coordinator)
        hits = value(found, "lehr_rpc_limit_hits_total", limit="header_bytes")
        return found if hits > value(before, "lehr_rpc_limit_hits_total") else None

    return wait_until(counted, 10, "the calls are counted")


def test_names_keep_to_the_conventions(after_some_calls):
    for name, family in after_some_calls.items():
        assert re.fullmatch("(lehr|process|http)_[a-z0-9_]+", name), name
        assert family.documentation, name
        if not name.startswith("lehr_rpc_"):
            continue
        assert family.type in ("counter", "gauge"), name
        assert not re.search("_(ms|kb|mb|count)$", name), name
        for sample in family.samples:
            assert sample.name == name + ("_total" if family.type == "counter" else "")
            # Never an id or an address: there would be no end of series.
            assert sample.labels.keys() <= {"core", "code", "by", "limit", "type", "calls", "outcome"}


def test_calls_and_connections_are_counted(after_some_calls):
    found = after_some_calls
    assert value(found, "lehr_rpc_answered_total", code="OK") >= 1
    assert value(found, "lehr_rpc_answered_total", code="UNIMPLEMENTED") >= 1
    assert value(found, "lehr_rpc_answered_total", code="RESOURCE_EXHAUSTED") >= 1
    started = value(found, "lehr_rpc_answered_started_total")
    ended = value(found, "lehr_rpc_answered_total")
    assert started == ended + value(found, "lehr_rpc_answered_in_flight")
    assert value(found, "lehr_rpc_received_messages_total", calls="answered") >= 1
    assert value(found, "lehr_rpc_sent_messages_total", calls="answered") >= 1
    assert value(found, "lehr_rpc_received_bytes_total") > 100
    assert value(found, "lehr_rpc_connections") >= 1
    assert value(found, "lehr_rpc_connections_opened_total", by="peer") >= 1
    assert value(found, "lehr_rpc_limit_hits_total", limit="header_bytes") == 1


def test_what_ends_a_connection_is_counted(cluster, connect):
    def closed():
        return value(families(cluster.coordinator), "lehr_rpc_connections_closed_total")

    before = closed()
    channel = connect(cluster.address).channel
    assert channel.unary_unary(LIST_MEMBERS)(b"", timeout=10)
    channel.close()
    wait_until(lambda: closed() > before, 10, "the closed connection is counted")
