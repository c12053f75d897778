"""A cluster without workers, so that jobs stay as they are submitted, and stock gRPC clients."""

import types

import grpc
import pytest

from Support.cluster import Cluster
from Support.jobs import write_job
from Support.sandbox import Sandbox

# Values move by exactly learning rate times gradient.
SGD = (
    "kind: adagrad\n    learning-rate: 0.1\n    initial-accumulator: 1e-8",
    "kind: sgd\n    learning-rate: 0.5",
)


@pytest.fixture(scope="session")
def data(binary, tmp_path_factory):
    folder = tmp_path_factory.mktemp("interop-data")
    sizes = ("--users", 100, "--items", 200, "--interactions", 3000, "--parts", 2)
    Sandbox(binary, folder).run("data", "generate", "data", *sizes)
    return folder / "data"


@pytest.fixture(scope="module")
def cluster(shared_sandbox):
    cluster = Cluster(shared_sandbox)
    cluster.shards = [cluster.shard("shard-0", "--cores", 2), cluster.shard("shard-1")]
    return cluster


@pytest.fixture(scope="module")
def connect(stubs):
    """`connect(ADDRESS)`: `.coordinator`, `.shard` and `.channel` of one connection."""
    channels = []

    def open_channel(address, **options):
        settings = {
            # Processes of separate tests may get the same port.
            "grpc.use_local_subchannel_pool": 1,
            "grpc.enable_http_proxy": 0,
            "grpc.max_receive_message_length": -1,
            "grpc.max_send_message_length": -1,
            **options,
        }
        channel = grpc.insecure_channel(address, options=list(settings.items()))
        channels.append(channel)
        return types.SimpleNamespace(
            channel=channel,
            coordinator=stubs.coordinator_pb2_grpc.CoordinatorStub(channel),
            shard=stubs.shard_pb2_grpc.ShardStub(channel),
        )

    yield open_channel
    for channel in channels:
        channel.close()


@pytest.fixture(scope="module")
def coordinator(cluster, connect):
    """A stub of the coordinator."""
    return connect(cluster.address).coordinator


@pytest.fixture
def spec(tmp_path, data):
    """The text of a job file whose tables learn by plain SGD."""
    return write_job(tmp_path, data, name="interop", dimension=4, replace=SGD).read_text()


@pytest.fixture
def refused():
    """`refused(CODE, CALL, ...)`: the call must fail with this code; returns its message."""

    def call(code, method, *arguments, **options):
        with pytest.raises(grpc.RpcError) as caught:
            method(*arguments, timeout=options.pop("timeout", 10), **options)
        assert caught.value.code() == code, caught.value
        return caught.value.details()

    return call
