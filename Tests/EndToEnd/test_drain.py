"""SIGTERM with calls in flight: who is not served any more is told first, and who is, to the end."""

import signal
import threading
import time

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from Support import web
from Support.waiting import wait_until

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


class Watch:
    """A stream that is read in the background: what it has brought, and how it has ended."""

    def __init__(self, call):
        self.messages = []
        self.code = None
        self._call = call
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        try:
            for message in self._call:
                self.messages.append(message)
            self.code = grpc.StatusCode.OK
        except grpc.RpcError as error:
            self.code = error.code()

    def join(self):
        self._thread.join(20)
        return self.code


@pytest.fixture
def start(sandbox, stubs):
    """`start(DRAIN)`: a coordinator, the stub of a connection to it, and a watch of its health."""
    channels = []

    def begin(drain):
        listen = ("--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0")
        process = sandbox.start(
            "coordinator", "coordinator", *listen, "--state-dir", sandbox.folder / "state",
            environment={"LEHR_DRAIN": drain},
        )
        channel = grpc.insecure_channel(process.grpc, options=[("grpc.enable_http_proxy", 0)])
        channels.append(channel)
        health = health_pb2_grpc.HealthStub(channel)
        watch = Watch(health.Watch(health_pb2.HealthCheckRequest()))
        wait_until(lambda: watch.messages, 10, "the watch has begun")
        assert watch.messages[0].status == SERVING
        return process, stubs.coordinator_pb2_grpc.CoordinatorStub(channel), watch

    yield begin
    for channel in channels:
        channel.close()


def test_a_call_in_flight_survives(start, stubs):
    process, coordinator, health = start("20s")
    request = stubs.coordinator_pb2.GetClusterMapRequest()
    # Ends by its own deadline, which is later than the end of all else.
    call = Watch(coordinator.WatchClusterMap(request, timeout=3))
    wait_until(lambda: call.messages, 10, "the call is in flight")
    http = process.http
    assert web.get(f"{http}/readyz").status == 200

    process.signal(signal.SIGTERM)
    wait_until(lambda: web.get(f"{http}/readyz").status == 503, 2, "it says that it is not ready")
    assert web.get(f"{http}/healthz").status == 200
    # The watch was told, and has ended since it would last for ever.
    assert health.join() == grpc.StatusCode.UNAVAILABLE
    assert [message.status for message in health.messages] == [SERVING, NOT_SERVING]
    # New calls go elsewhere.
    with pytest.raises(grpc.RpcError) as caught:
        coordinator.ListMembers(stubs.coordinator_pb2.ListMembersRequest(), timeout=1)
    assert caught.value.code() == grpc.StatusCode.UNAVAILABLE

    assert call.code is None and process.is_running
    assert call.join() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert process.wait(3) == 0


def test_a_call_in_flight_has_so_long_and_no_longer(start, stubs):
    process, coordinator, _ = start("1s")
    request = stubs.coordinator_pb2.GetClusterMapRequest()
    call = Watch(coordinator.WatchClusterMap(request, timeout=60))
    wait_until(lambda: call.messages, 10, "the call is in flight")
    begin = time.monotonic()
    process.signal(signal.SIGTERM)
    assert process.wait(4) == 0
    assert time.monotonic() - begin > 0.9
    assert call.join() == grpc.StatusCode.UNAVAILABLE


def test_nobody_waits_for_watches(start):
    process, _, health = start("60s")
    status, seconds = process.terminate()
    assert (status, seconds < 2) == (0, True)
    assert health.join() == grpc.StatusCode.UNAVAILABLE
