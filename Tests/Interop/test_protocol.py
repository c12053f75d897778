"""gRPC itself: what is not there, makes no sense or is too large; and other HTTP/2 clients."""

import shutil
import struct
import subprocess

import grpc
import pytest

LIST_MEMBERS = "/lehr.v1.Coordinator/ListMembers"


@pytest.fixture(scope="module")
def raw(cluster, connect):
    """`raw(PATH)`: a method that takes and gives bytes."""
    channel = connect(cluster.address).channel
    return lambda path: channel.unary_unary(path)


def test_empty_message(raw):
    assert raw(LIST_MEMBERS)(b"", timeout=10) != b""


@pytest.mark.parametrize(
    "path",
    ["/lehr.v1.Coordinator/Nothing", "/lehr.v1.Nothing/ListMembers", "/lehr.v1.Shard/Pull", "/x"],
)
def test_a_method_that_is_not_there(raw, refused, path):
    assert path in refused(grpc.StatusCode.UNIMPLEMENTED, raw(path), b"")


@pytest.mark.parametrize("body", [b"\xff\xff\xff", b"\x0a\x7fshort", b"\x0a\x01\xff"])
def test_a_message_that_makes_no_sense(raw, refused, body):
    refused(grpc.StatusCode.INVALID_ARGUMENT, raw("/lehr.v1.Coordinator/Join"), body)
    assert raw(LIST_MEMBERS)(b"", timeout=10)


def test_fields_of_a_later_version(raw):
    # Field 1000, a varint: passed over.
    assert raw(LIST_MEMBERS)(b"\xc0\x3e\x01", timeout=10) != b""


def test_a_message_that_is_too_large(raw, refused):
    large = bytes(80 << 20)
    refused(grpc.StatusCode.RESOURCE_EXHAUSTED, raw(LIST_MEMBERS), large, timeout=30)
    assert raw(LIST_MEMBERS)(b"", timeout=10)


def test_a_compressed_request(raw):
    # An unknown field, so that there is something to compress.
    body = b"\xc2\x3e\xe8\x07" + b"x" * 1000
    assert raw(LIST_MEMBERS)(body, timeout=10, compression=grpc.Compression.Gzip)


def test_an_unknown_compression_is_refused(raw, refused):
    # Announced, so that a client can send it again as it is.
    options = {"compression": grpc.Compression.Deflate}
    body = b"\xc2\x3e\xe8\x07" + b"x" * 1000
    problem = refused(grpc.StatusCode.UNIMPLEMENTED, raw(LIST_MEMBERS), body, **options)
    assert "deflate" in problem and "gzip" in problem


def test_metadata_is_passed_over(raw):
    metadata = [("x-trace", "a" * 1000), ("x-blob-bin", b"\x00\xff")]
    assert raw(LIST_MEMBERS)(b"", timeout=10, metadata=metadata)


def test_status_messages_keep_their_letters(raw, refused, stubs):
    request = stubs.coordinator_pb2.GetJobRequest(job="Größe 100%\nзеркало")
    method = raw("/lehr.v1.Coordinator/GetJob")
    problem = refused(grpc.StatusCode.NOT_FOUND, method, request.SerializeToString())
    assert "Größe 100%\nзеркало" in problem


# Clients that know HTTP/2 but not gRPC.


def tool(name):
    path = shutil.which(name)
    return path or pytest.skip(f"{name} is not installed")


@pytest.fixture
def message(tmp_path):
    """An empty message with its length prefix, in a file."""
    path = tmp_path / "message"
    path.write_bytes(struct.pack(">BI", 0, 0))
    return path


HEADERS = ("-H", "content-type: application/grpc", "-H", "te: trailers")


def run(*command):
    environment = {"PATH": "/usr/bin:/bin"}
    return subprocess.run(command, env=environment, capture_output=True, timeout=60)


def test_curl(cluster, message, tmp_path):
    curl = tool("curl")
    if b"HTTP2" not in run(curl, "--version").stdout:
        pytest.skip("curl is built without HTTP/2")

    def ask(method, path, *options):
        head = tmp_path / "head"
        url = f"http://{cluster.address}{path}"
        common = (curl, "-sS", "--http2-prior-knowledge", "-m", "10", "-X", method, "-D", head)
        done = run(*common, *options, url)
        assert done.returncode == 0, done.stderr
        return head.read_text().lower().split("\n"), done.stdout

    head, body = ask("POST", LIST_MEMBERS, *HEADERS, "--data-binary", f"@{message}")
    assert head[0].startswith("http/2 200")
    assert "content-type: application/grpc" in head
    assert "grpc-status: 0" in head
    compressed, length = struct.unpack(">BI", body[:5])
    assert (compressed, length) == (0, len(body) - 5)
    assert b"shard-0" in body

    # Without a body, which these answers do not wait for.
    head, _ = ask("POST", "/lehr.v1.Coordinator/Nothing", *HEADERS)
    assert "grpc-status: 12" in head
    head, _ = ask("POST", LIST_MEMBERS, "-H", "content-type: text/plain")
    assert head[0].startswith("http/2 415")
    head, _ = ask("GET", LIST_MEMBERS)
    assert head[0].startswith("http/2 405") and "allow: post" in head


def test_nghttp(cluster, message):
    nghttp = tool("nghttp")
    url = f"http://{cluster.address}{LIST_MEMBERS}"
    # Five at once, each with its trailers.
    done = run(nghttp, "-v", "-m", "5", "-d", str(message), *HEADERS, url)
    log = done.stdout.decode(errors="replace")
    assert log.count(":status: 200") == 5 and log.count("grpc-status: 0") == 5, log
    assert "recv GOAWAY" not in log and "recv RST_STREAM" not in log, log


@pytest.mark.parametrize("clients, streams", [(1, 1), (1, 100), (64, 2)])
def test_h2load_of_many_shapes(cluster, message, clients, streams):
    h2load = tool("h2load")
    url = f"http://{cluster.address}{LIST_MEMBERS}"
    load = ("-n", "2000", "-c", clients, "-m", streams, "-d", message, *HEADERS)
    report = run(h2load, *map(str, load), url).stdout.decode()
    assert "2000 succeeded, 0 failed, 0 errored, 0 timeout" in report, report


def test_h2load(cluster, message):
    h2load = tool("h2load")
    url = f"http://{cluster.address}{LIST_MEMBERS}"
    load = ("-n", "5000", "-c", "8", "-m", "16", "-d", message, *HEADERS)
    done = run(h2load, *map(str, load), url)
    report = done.stdout.decode()
    assert "5000 succeeded, 0 failed, 0 errored, 0 timeout" in report, report
    assert "status codes: 5000 2xx" in report
