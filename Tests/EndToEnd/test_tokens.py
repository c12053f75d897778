"""`lehr tokens`, and a coordinator on loopback that asks people for them."""

import re
import stat

import grpc
import pytest

from Support.cluster import LOOPBACK, SHORT_LEASE, Cluster
from Support.waiting import wait_until

# A coordinator looks at its file every 2 seconds.
RELOAD_SECONDS = 10


@pytest.fixture
def tokens(sandbox):
    return sandbox.folder / "tokens"


@pytest.fixture
def create(sandbox, tokens):
    def create(name, *arguments):
        return sandbox.run("tokens", "create", name, "--tokens", tokens, *arguments).stdout.strip()

    return create


@pytest.fixture
def cluster(sandbox, tokens, create, stubs):
    """A coordinator that asks for tokens, and Ann's; `stub(TOKEN)` is a call by stock gRPC."""
    token = create("ann")

    class Guarded(Cluster):
        def _start_coordinator(self, listen):
            self.lease = (*SHORT_LEASE, "--tokens", tokens)
            return super()._start_coordinator(listen)

    cluster = Guarded(sandbox)
    cluster.token = token
    channel = grpc.insecure_channel(cluster.address, options=[("grpc.enable_http_proxy", 0)])
    stub = stubs.coordinator_pb2_grpc.CoordinatorStub(channel)
    request = stubs.coordinator_pb2.ListMembersRequest()
    cluster.stub = lambda token: lambda: stub.ListMembers(
        request, timeout=10, metadata=[("authorization", f"Bearer {token}")]
    )
    yield cluster
    channel.close()


def members(cluster, token=None, status=0, **environment):
    if token:
        environment["LEHR_TOKEN"] = token
    return cluster.run("members", environment=environment, status=status)


def test_made_shown_once_and_kept_as_a_hash(sandbox, tokens, create):
    token = create("ann", "--expires", "30d")
    assert re.fullmatch(r"lehr_[0-9a-f]{64}", token)
    assert stat.S_IMODE(tokens.stat().st_mode) == 0o600
    assert token.removeprefix("lehr_") not in tokens.read_text()
    done = sandbox.run("tokens", "create", "ci", environment={"LEHR_TOKENS": str(tokens)})
    assert "'ci' never ends; it cannot be shown again" in done.stderr
    assert done.stdout.strip() != token

    text = sandbox.run("tokens", "list", "--tokens", tokens).stdout
    assert [line.split()[0] for line in text.splitlines()] == ["name", "ann", "ci"]
    assert "never" in text and token.removeprefix("lehr_") not in text
    rows = sandbox.json("tokens", "list", "--tokens", tokens)
    assert [(row["name"], row["is_expired"]) for row in rows] == [("ann", False), ("ci", False)]
    assert rows[0]["expires"] and "expires" not in rows[1]

    assert sandbox.run("tokens", "revoke", "ann", "--tokens", tokens).stdout == "revoked token 'ann'\n"
    assert [row["name"] for row in sandbox.json("tokens", "list", "--tokens", tokens)] == ["ci"]


def test_a_token_is_written_to_a_file(sandbox, tokens):
    arguments = ("tokens", "create", "ann", "--tokens", tokens, "--out", "ann.token")
    assert sandbox.run(*arguments).stdout == ""
    out = sandbox.folder / "ann.token"
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert out.read_text().startswith("lehr_")
    assert "is there already" in sandbox.run(*arguments, status=64).stderr


def test_what_is_wrong(sandbox, tokens, create):
    create("ann")
    assert "--tokens FILE" in sandbox.run("tokens", "list", status=64).stderr
    taken = sandbox.run("tokens", "create", "ann", "--tokens", tokens, status=1).stderr
    assert "there is a token 'ann' already" in taken and "lehr tokens revoke ann" in taken
    unknown = sandbox.run("tokens", "revoke", "bob", "--tokens", tokens, status=1).stderr
    assert "there is no token 'bob'; there are: ann" in unknown
    for wrong in ("soon", "0d", "99999d", "30"):
        arguments = ("create", "x", "--tokens", tokens, "--expires", wrong)
        assert "as 30d or 12h" in sandbox.run("tokens", *arguments, status=64).stderr
    tokens.write_text("ann is a friend\n")
    for command in (("list",), ("create", "bob"), ("revoke", "ann")):
        damaged = sandbox.run("tokens", *command, "--tokens", tokens, status=1).stderr
        assert f"{tokens}, line 1: expected NAME" in damaged
    assert tokens.read_text() == "ann is a friend\n"


def test_people_show_tokens_and_members_need_none(cluster, create):
    cluster.shard()
    problem = members(cluster, status=1).stderr
    assert "has not said who it is" in problem and "LEHR_TOKEN" in problem
    assert "--tls-cert" not in problem, "certificates are of no use in cleartext"
    assert "shard-0" in members(cluster, cluster.token).stdout

    file = cluster.folder / "ann.token"
    file.write_text(cluster.token + "\n")
    assert "shard-0" in cluster.run("members", "--token-file", file).stdout
    assert "shard-0" in members(cluster, LEHR_TOKEN_FILE=str(file)).stdout

    made_up = "lehr_" + "0" * 64
    refused = members(cluster, made_up, status=1).stderr
    assert "not known here" in refused and made_up not in refused
    nonsense = members(cluster, "opensesame", status=1).stderr
    assert "LEHR_TOKEN has no token" in nonsense and "opensesame" not in nonsense
    absent = cluster.run("members", "--token-file", "absent", status=1).stderr
    assert "--token-file" in absent and "no such file" in absent
    # Three were refused before their tokens were worth sending; neither log has one in it.
    assert "a call was refused" in cluster.coordinator.log
    for secret in (cluster.token, made_up):
        assert secret.removeprefix("lehr_") not in cluster.coordinator.log


def test_a_revoked_token_ends(cluster, sandbox, tokens, create):
    def is_taken(token):
        stub = cluster.stub(token)
        try:
            stub()
            return True
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.UNAUTHENTICATED, error
            return False

    carl = create("carl")
    wait_until(lambda: is_taken(carl), RELOAD_SECONDS, "a new token is taken")
    sandbox.run("tokens", "revoke", "ann", "--tokens", tokens)
    wait_until(lambda: not is_taken(cluster.token), RELOAD_SECONDS, "a revoked one is refused")
    assert is_taken(carl)
    # A slip of the hand locks nobody out, and is said.
    tokens.write_text("oops\n")
    cluster.coordinator.wait_for(r"line 1: expected NAME.*the file of tokens cannot be used", RELOAD_SECONDS)
    assert is_taken(carl)
    tokens.unlink()
    wait_until(lambda: not is_taken(carl), RELOAD_SECONDS, "no file, no tokens")


def test_a_token_does_not_travel_in_the_clear(sandbox, create):
    token = create("ann")
    # Nobody is there: the refusal comes before anything is sent.
    for address in ("192.0.2.1:7100", "[2001:db8::1]:7100", "coordinator.example:7100"):
        done = sandbox.run(
            "members", "--coordinator", address, status=1, environment={"LEHR_TOKEN": token}
        )
        assert f"the token is not sent to {address}" in done.stderr
        assert token not in done.stderr


def test_a_coordinator_that_cannot_ask(sandbox, tokens):
    def refused(*arguments):
        return sandbox.run("coordinator", "--tokens", tokens, *arguments, status=64).stderr

    assert "no such file" in refused(*LOOPBACK)
    tokens.write_text("ann\n")
    assert "line 1: expected NAME" in refused(*LOOPBACK)
    tokens.write_text("")
    far = ("--listen", "0.0.0.0:0", "--http-listen", "127.0.0.1:0", "--insecure")
    assert "could be read on the way" in refused(*far)
