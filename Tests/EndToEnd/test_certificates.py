"""`lehr certs`: what it writes is what OpenSSL reads, and no moment finds it half done."""

import fcntl
import os
import re
import stat
import time

import pytest

from Support.certificates import Certificates, openssl

ROLES = ["coordinator", "shard", "worker", "serving", "client"]


@pytest.fixture
def certificates(sandbox):
    return Certificates(sandbox)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_an_authority_is_made_once(sandbox):
    done = sandbox.run("certs", "init", "--cluster", "prod", "keys/certs")
    assert "made the certificate authority of cluster 'prod' in keys/certs" in done.stdout
    folder = sandbox.folder / "keys" / "certs"
    assert mode(folder) == 0o700
    assert mode(folder / "authority.pem") == 0o600
    assert sorted(path.name for path in folder.iterdir()) == ["authority.pem", "ca.pem"]
    assert "PRIVATE KEY" not in (folder / "ca.pem").read_text()
    text = openssl("x509", "-in", folder / "ca.pem", "-noout", "-text")
    assert re.search(r"Subject: O = prod, CN = Lehr authority [0-9a-f]{8}", text)
    assert "CA:TRUE, pathlen:0" in text and "Certificate Sign, CRL Sign" in text

    before = (folder / "authority.pem").read_bytes()
    again = sandbox.run("certs", "init", "--cluster", "prod", "keys/certs", status=1)
    assert "keys/certs has a certificate authority already" in again.stderr
    assert "lehr certs issue" in again.stderr
    assert (folder / "authority.pem").read_bytes() == before
    (sandbox.folder / "full").mkdir()
    (sandbox.folder / "full" / "thesis.txt").write_text("years of work")
    full = sandbox.run("certs", "init", "--cluster", "prod", "full", status=1)
    assert "not an empty directory" in full.stderr
    wrong = sandbox.run("certs", "init", "--cluster", "my cluster", "new", status=1)
    assert "1 to 63 letters" in wrong.stderr and not (sandbox.folder / "new").exists()


@pytest.mark.parametrize("role", ROLES)
def test_what_is_issued(certificates, role):
    path = certificates.issue(role, "name-1")
    assert mode(path) == 0o600
    certificates.check_usable()
    text = openssl("x509", "-in", path, "-noout", "-text")
    assert "Version: 3" in text and f"Subject: O = test, OU = {role}, CN = name-1" in text
    names = re.search(r"Subject Alternative Name:\s*(.*)", text)[1]
    usage = re.search(r"Extended Key Usage:\s*(.*)", text)[1]
    identity = f"URI:lehr://test/{role}/name-1"
    if role in ("coordinator", "shard", "serving"):
        assert names == f"{identity}, DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1"
        assert usage == "TLS Web Server Authentication, TLS Web Client Authentication"
    else:
        # Of no use to a server.
        assert names == identity
        assert usage == "TLS Web Client Authentication"
    serial = openssl("x509", "-in", path, "-noout", "-serial").strip().removeprefix("serial=")
    assert len(serial) >= 32, "random, not counted"

    again = certificates.run("issue", role, "name-1", status=1)
    assert f"{role}-name-1.pem is there already" in again.stderr
    assert f"lehr certs rotate {role}-name-1" in again.stderr


def test_server_names(certificates):
    path = certificates.issue(
        "shard", "s", "--dns", "s.lehr.svc", "--dns", "*.lehr.svc", "--ip", "10.0.0.7", "--ip", "fd00::7"
    )
    text = openssl("x509", "-in", path, "-noout", "-ext", "subjectAltName")
    assert "DNS:s.lehr.svc, DNS:*.lehr.svc, IP Address:10.0.0.7, IP Address:FD00:0:0:0:0:0:0:7" in text
    for wrong in (("--dns", "a,URI:lehr://test/client/x"), ("--ip", "10.0.0"), ("--dns", "-")):
        problem = certificates.run("issue", "shard", "t", *wrong, status=1).stderr
        assert wrong[0] in problem and "expected" in problem
    assert "expected a number from 1 to 36500" in certificates.run(
        "issue", "shard", "t", "--days", 0, status=64
    ).stderr
    assert "admin" in certificates.run("issue", "admin", "t", status=64).stderr
    assert "1 to 63 letters" in certificates.run("issue", "shard", "../t", status=1).stderr
    assert [path.name for path in certificates.members()] == ["shard-s.pem"]


def test_where_there_is_no_authority(sandbox):
    (sandbox.folder / "empty").mkdir()
    for command in (["issue", "shard", "s"], ["rotate"], ["show"]):
        problem = sandbox.run("certs", *command, "--dir", "empty", status=1).stderr
        assert "lehr certs init --cluster NAME empty" in problem
    assert "no such file" in sandbox.run("certs", "rotate", "--dir", "no", status=1).stderr.lower()


def test_the_table(certificates):
    certificates.issue("shard", "shard-0")
    certificates.issue("client", "ann", "--days", 1)
    lines = certificates.run("show").stdout.splitlines()
    assert lines[0].split() == ["file", "identity", "server", "names", "not", "after", "days", "state", "sha-256"]
    authority, client, shard = (line.split() for line in lines[1:])
    assert authority[:3] == ["ca.pem", "lehr://test", "-"] and authority[4] in ("3649", "3650") and authority[5] == "signs"
    assert client[:3] == ["client-ann.pem", "lehr://test/client/ann", "-"]
    assert client[4] in ("0", "1") and client[5] == "valid", "whole days that are left"
    assert shard[2:5] == ["localhost", "127.0.0.1", "::1"] and shard[6] in ("89", "90") and shard[7] == "valid"

    rows = certificates.show()
    path = certificates.file("shard", "shard-0")
    printed = openssl("x509", "-in", path, "-noout", "-fingerprint", "-sha256")
    fingerprint = rows["shard-shard-0.pem"]["fingerprint"]
    assert printed.strip().split("=")[1].replace(":", "").lower() == fingerprint
    assert shard[8] == fingerprint[:16]
    ends = openssl("x509", "-in", path, "-noout", "-enddate", "-dateopt", "iso_8601")
    assert ends.strip() == "notAfter=" + rows["shard-shard-0.pem"]["not_after"].replace("T", " ")


def test_rotation(certificates):
    certificates.issue("shard", "a", "--dns", "a.example")
    certificates.issue("worker", "b")
    before = certificates.show()
    assert certificates.run("rotate", "shard-a").stdout == f"{certificates.file('shard', 'a')}\n"
    after = certificates.show()
    # What is left of its days has become less, by a second perhaps.
    same = {"days_left": None}
    assert after["worker-b.pem"] | same == before["worker-b.pem"] | same
    old, new = before["shard-a.pem"], after["shard-a.pem"]
    assert new["fingerprint"] != old["fingerprint"]
    assert (new["identity"], new["dns"]) == (old["identity"], ["a.example"])
    assert mode(certificates.file("shard", "a")) == 0o600
    assert len(certificates.run("rotate", "--days", 7).stdout.splitlines()) == 2
    left = {row["days_left"] for name, row in certificates.show().items() if "-" in name}
    assert left <= {6, 7}
    certificates.check_usable()
    problem = certificates.run("rotate", "shard-z", status=1).stderr
    assert "'shard-z'" in problem and "shard-a, worker-b" in problem


def test_the_authority_is_replaced(certificates, sandbox):
    old = certificates.issue("shard", "a").read_bytes()
    done = certificates.run("rotate", "--new-ca").stdout
    assert "has the old and the new authority" in done and "lehr certs rotate" in done
    # Those who have not been rotated are good still, and so are those that have.
    certificates.check_usable()
    assert "shard-a.pem" in certificates.run("rotate", "--retire-old-ca", status=1).stderr
    assert "--retire-old-ca" in certificates.run("rotate", "--new-ca", status=1).stderr
    certificates.run("rotate")
    certificates.check_usable()
    (sandbox.folder / "old.pem").write_bytes(old)
    openssl("verify", "-CAfile", certificates.authority, sandbox.folder / "old.pem")
    certificates.run("rotate", "--retire-old-ca")
    certificates.check_usable()
    with pytest.raises(AssertionError):
        openssl("verify", "-CAfile", certificates.authority, sandbox.folder / "old.pem")
    both = certificates.run("rotate", "--new-ca", "--retire-old-ca", status=64).stderr
    assert "two steps" in both


def test_two_at_once(certificates):
    directory = os.open(certificates.path, os.O_RDONLY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        problem = certificates.run("issue", "shard", "a", status=1).stderr
        assert "another lehr is changing" in problem
    finally:
        os.close(directory)
    certificates.issue("shard", "a")


@pytest.mark.parametrize("begun", [(), ("rotate", "--new-ca")])
def test_killed_in_the_middle_of_a_rotation(certificates, sandbox, begun):
    for number in range(20):
        certificates.issue("worker", f"w{number:02}")
    if begun:
        certificates.run(*begun)

    def inodes():
        return {path.name: path.stat().st_ino for path in certificates.members()}

    for attempt in range(10):
        before = inodes()
        process = sandbox.start(f"rotate-{attempt}", "certs", "rotate", "--dir", certificates.path)
        end = time.monotonic() + 20
        while inodes() == before and process.is_running and time.monotonic() < end:
            pass
        if process.is_running:
            process.kill()
        changed = sum(inodes()[name] != inode for name, inode in before.items())
        certificates.check_usable()
        if 0 < changed < len(before):
            break
    else:
        pytest.fail("no rotation was killed in its middle")
    assert len(certificates.run("rotate").stdout.splitlines()) == 20
    certificates.check_usable()
    assert not list(certificates.path.glob("*.partial"))
