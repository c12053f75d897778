"""Mutual TLS as clients of others speak it: grpcio (BoringSSL), curl and OpenSSL's own."""

import subprocess

import grpc
import pytest

from Support.secure import SecureCluster, tls


@pytest.fixture(scope="module")
def secure(shared_sandbox):
    return SecureCluster(shared_sandbox)


@pytest.fixture(scope="module")
def files(secure):
    """The authority's certificate, and Ann's with its key, as a file and as flags of curl."""
    flags = tls(secure.certificates, "client", "ann")
    return secure.certificates.authority, flags[1]


@pytest.fixture
def members(secure, stubs):
    """`members(CREDENTIALS)`: the names of the cluster's members; None: in cleartext."""
    channels = []

    def ask(credentials):
        options = [("grpc.enable_http_proxy", 0), ("grpc.use_local_subchannel_pool", 1)]
        channel = (
            grpc.secure_channel(secure.address, credentials, options)
            if credentials
            else grpc.insecure_channel(secure.address, options)
        )
        channels.append(channel)
        stub = stubs.coordinator_pb2_grpc.CoordinatorStub(channel)
        answer = stub.ListMembers(stubs.coordinator_pb2.ListMembersRequest(), timeout=10)
        return [member.name for member in answer.members]

    yield ask
    for channel in channels:
        channel.close()


def test_grpcio(secure, files, members):
    secure.shard("shard-0")
    authority, mine = (path.read_bytes() for path in files)
    # The server's certificate is for 127.0.0.1, which grpcio insists on.
    assert members(grpc.ssl_channel_credentials(authority, mine, mine)) == ["shard-0"]


def test_grpcio_is_refused(secure, files, members, refused):
    authority, mine = (path.read_bytes() for path in files)
    anonymous = grpc.ssl_channel_credentials(authority)
    refused(grpc.StatusCode.UNAVAILABLE, lambda timeout: members(anonymous))
    refused(grpc.StatusCode.UNAVAILABLE, lambda timeout: members(None))
    secure.coordinator.wait_for("the client (shows no certificate|does not speak TLS)")
    # A shard's certificate is not one of a person.
    shard = secure.certificates.issue("shard", "s").read_bytes()
    credentials = grpc.ssl_channel_credentials(authority, shard, shard)
    refused(grpc.StatusCode.PERMISSION_DENIED, lambda timeout: members(credentials))


def greet(secure, files, *flags):
    """What `openssl s_client` says of a handshake with the coordinator."""
    authority, mine = files
    done = subprocess.run(
        [
            *("openssl", "s_client", "-connect", secure.address, "-CAfile", authority),
            *("-cert", mine, "-key", mine, "-verify_return_error", *flags),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=20,
    )
    return (done.stdout + done.stderr).decode(errors="replace")


@pytest.mark.parametrize(
    "flag, cipher",
    [("-tls1_3", "TLS_AES_128_GCM_SHA256"), ("-tls1_2", "ECDHE-ECDSA-AES128-GCM-SHA256")],
)
def test_versions_that_are_spoken(secure, files, flag, cipher):
    told = greet(secure, files, flag, "-alpn", "h2")
    assert f"Cipher is {cipher}" in told
    assert "ALPN protocol: h2" in told
    assert "Secure Renegotiation IS supported" in told or flag == "-tls1_3"
    assert "Compression: NONE" in told and "New session ticket" not in told


@pytest.mark.parametrize("flag", ["-tls1_1", "-tls1"])
def test_older_versions_are_refused(secure, files, flag):
    # Without the lower level, OpenSSL itself would not even ask.
    told = greet(secure, files, flag, "-alpn", "h2", "-cipher", "ALL:@SECLEVEL=0")
    assert "alert protocol version" in told


def test_weak_suites_are_refused(secure, files):
    told = greet(secure, files, "-tls1_2", "-alpn", "h2", "-cipher", "AES128-SHA:@SECLEVEL=0")
    assert "handshake failure" in told


@pytest.mark.parametrize("flags", [("-alpn", "http/1.1"), ()])
def test_other_protocols_are_refused(secure, files, flags):
    told = greet(secure, files, "-tls1_2", *flags)
    assert "ALPN protocol: h2" not in told
    assert ("no application protocol" in told) == bool(flags)


def test_curl(secure, files):
    authority, mine = files
    done = subprocess.run(
        [
            *("curl", "-sv", "--http2", "--max-time", "10", f"https://{secure.address}/none"),
            *("-H", "content-type: application/grpc", "-H", "te: trailers", "-X", "POST"),
            *("--cacert", authority, "--cert", mine, "--key", mine),
        ],
        capture_output=True,
        text=True,
    )
    assert "server accepted h2" in done.stderr
    assert "< HTTP/2 200" in done.stderr
    # UNIMPLEMENTED, or refused by the table of who may call what.
    assert "< grpc-status: " in done.stderr
