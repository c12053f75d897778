"""Health and reflection, with gRPC's own Python packages."""

import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)


@pytest.fixture(params=["coordinator", "shard"])
def server(request, cluster, connect):
    """The channel to a role, and the service that is its own."""
    if request.param == "coordinator":
        return connect(cluster.address).channel, "lehr.v1.Coordinator"
    return connect(cluster.shards[0].grpc).channel, "lehr.v1.Shard"


def test_health(server):
    channel, _ = server
    health = health_pb2_grpc.HealthStub(channel)
    answer = health.Check(health_pb2.HealthCheckRequest(), timeout=10)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
    watch = health.Watch(health_pb2.HealthCheckRequest(service="nobody"), timeout=10)
    assert next(watch).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
    watch.cancel()


def test_reflection(server):
    channel, own = server
    database = ProtoReflectionDescriptorDatabase(channel)
    assert own in database.get_services()
    service = DescriptorPool(database).FindServiceByName(own)
    assert service.methods
    for method in service.methods:
        assert method.input_type.full_name.startswith("lehr.v1.")
