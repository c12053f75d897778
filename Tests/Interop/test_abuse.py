"""A peer that means harm, against a real process: what it costs, and whether others notice."""

import socket
import struct
import time

import grpc
import pytest

from Support.waiting import wait_until

LIST_MEMBERS = "/lehr.v1.Coordinator/ListMembers"
DATA, HEADERS, RST_STREAM, SETTINGS, GOAWAY = 0, 1, 3, 4, 7
ENHANCE_YOUR_CALM = 11


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def text(value):
    if len(value) < 127:
        return bytes([len(value)]) + value
    rest, size = len(value) - 127, [127]
    while rest > 127:
        size.append(rest & 127 | 128)
        rest >>= 7
    return bytes(size + [rest]) + value


def field(name, value):
    return b"\0" + text(name.encode()) + text(value.encode())


def request(stream, path=LIST_MEMBERS, extra=()):
    fields = [
        (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "a"),
        ("te", "trailers"), ("content-type", "application/grpc"), *extra,
    ]
    return frame(HEADERS, 4, stream, b"".join(field(*entry) for entry in fields))


class Peer:
    """A connection by hand."""

    def __init__(self, address, settings=b""):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), 10)
        self.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0, settings))
        self.send(frame(SETTINGS, 1, 0))

    def send(self, data):
        """False: the server has hung up."""
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            return False

    def goodbye(self):
        """Reads to the end; the code of the GOAWAY that was said, if there was one."""
        data, code = b"", None
        try:
            while chunk := self.socket.recv(1 << 16):
                data += chunk
        except OSError:
            pass
        while len(data) >= 9:
            length = int.from_bytes(data[:3], "big")
            if data[3] == GOAWAY:
                code = int.from_bytes(data[13:17], "big")
            data = data[9 + length :]
        return code

    def close(self):
        self.socket.close()


def resident(process):
    """Bytes of memory that the process has."""
    with open(f"/proc/{process.pid}/statm") as file:
        return int(file.read().split()[1]) * 4096


def cpu(process):
    """Seconds of processor time that the process has had."""
    with open(f"/proc/{process.pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


@pytest.fixture
def bystander(cluster, connect):
    """A good client: a call must be answered soon, whatever else goes on."""
    method = connect(cluster.address).channel.unary_unary(LIST_MEMBERS)
    method(b"", timeout=10)

    def ask():
        begin = time.monotonic()
        method(b"", timeout=10)
        assert time.monotonic() - begin < 2

    return ask


def hits(cluster, limit):
    return cluster.coordinator.metric("lehr_rpc_limit_hits_total", limit=limit)


def test_rapid_reset(cluster, bystander):
    before, spent = hits(cluster, "frames"), cpu(cluster.coordinator)
    peer = Peer(cluster.address)
    stream = 1
    for _ in range(400):
        batch = b""
        for _ in range(50):
            batch += request(stream) + frame(RST_STREAM, 0, stream, struct.pack(">I", 8))
            stream += 2
        if not peer.send(batch):
            break
        bystander()
    # A peer that was told to go is read from for a moment longer, so that it hears of it.
    wait_until(lambda: hits(cluster, "frames") == before + 1, 10, "it is counted")
    peer.close()
    # Some 5,000 calls that were nothing, and what the bystander asked.
    assert cpu(cluster.coordinator) - spent < 2
    bystander()


def test_header_bomb(cluster, bystander):
    before, memory = hits(cluster, "header_bytes"), resident(cluster.coordinator)
    for _ in range(5):
        peer = Peer(cluster.address)
        # An entry of 4,000 bytes, and then 16,000 times one byte that stands for it.
        entry = b"\x40" + text(b"x") + text(b"v" * 4000)
        bomb = request(1)[9:] + entry
        peer.send(frame(HEADERS, 1, 1, bomb) + frame(9, 4, 1, b"\xbe" * 16000))
        assert peer.goodbye() == ENHANCE_YOUR_CALM
        peer.close()
        bystander()
    wait_until(lambda: hits(cluster, "header_bytes") == before + 5, 10, "they are counted")
    assert resident(cluster.coordinator) - memory < 32 << 20


def test_messages_that_never_end(cluster, bystander):
    """Of 382 MiB, 256 are held."""
    before, memory = hits(cluster, "connection_bytes"), resident(cluster.coordinator)
    peer = Peer(cluster.address)
    part = frame(DATA, 0, 0, b"x" * 16384)
    for index in range(12):
        stream = 2 * index + 1
        peer.send(request(stream) + frame(DATA, 0, stream, struct.pack(">BI", 0, 64 << 20)))
        mine = part[:5] + struct.pack(">I", stream) + part[9:]
        peer.socket.settimeout(10)
        for _ in range(40):
            assert peer.send(mine * 51)
        bystander()
    wait_until(lambda: hits(cluster, "connection_bytes") > before, 10, "it is counted")
    assert resident(cluster.coordinator) - memory < 320 << 20
    peer.close()
    wait_until(
        lambda: cluster.coordinator.metric("lehr_rpc_held_bytes") < 1 << 20,
        10, "nothing is held any more",
    )
    bystander()
