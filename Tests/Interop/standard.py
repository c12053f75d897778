"""Checks health and reflection of the server at sys.argv[1] with gRPC's own Python packages.

The server serves "" and "t.Echo", the latter not; it changes "t.Echo" to serving after a while.
"""
import sys
import grpc
from google.protobuf import message_factory
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase)

channel = grpc.insecure_channel(sys.argv[1])
health = health_pb2_grpc.HealthStub(channel)
SERVING, NOT_SERVING, UNKNOWN = 1, 2, 3


def request(name):
    return health_pb2.HealthCheckRequest(service=name)


assert health.Check(request(""), timeout=10).status == SERVING
assert health.Check(request("t.Echo"), timeout=10).status == NOT_SERVING
try:
    health.Check(request("t.No"), timeout=10)
    raise SystemExit("an unknown service has a status")
except grpc.RpcError as error:
    assert error.code() == grpc.StatusCode.NOT_FOUND, error
unknown = health.Watch(request("t.No"), timeout=20)
assert next(unknown).status == UNKNOWN
known = health.Watch(request("t.Echo"), timeout=20)
assert [next(known).status, next(known).status] == [NOT_SERVING, SERVING]
assert unknown.is_active()
unknown.cancel()
known.cancel()

database = ProtoReflectionDescriptorDatabase(channel)
names = list(database.get_services())
assert "grpc.health.v1.Health" in names and "t.Echo" in names, names
pool = DescriptorPool(database)
for name in ["grpc.health.v1.Health", "lehr.v1.Shard", "lehr.v1.Coordinator",
             "grpc.reflection.v1.ServerReflection"]:
    for method in pool.FindServiceByName(name).methods:
        message_factory.GetMessageClass(method.input_type)()
        message_factory.GetMessageClass(method.output_type)()
# A call by reflection alone.
check = pool.FindServiceByName("grpc.health.v1.Health").FindMethodByName("Check")
answer = channel.unary_unary(
    "/grpc.health.v1.Health/Check",
    request_serializer=lambda message: message.SerializeToString(),
    response_deserializer=message_factory.GetMessageClass(check.output_type).FromString,
)(message_factory.GetMessageClass(check.input_type)(service=""), timeout=10)
assert answer.status == SERVING
try:
    pool.FindMessageTypeByName("lehr.v1.Nothing")
    raise SystemExit("an unknown type is known")
except KeyError:
    pass
# v1 is v1alpha under another name.
info = channel.stream_stream(
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
    response_deserializer=reflection_pb2.ServerReflectionResponse.FromString)
ask = reflection_pb2.ServerReflectionRequest(list_services="")
assert len(next(info(iter([ask]), timeout=10)).list_services_response.service) == len(names)
print("health and reflection passed", flush=True)
