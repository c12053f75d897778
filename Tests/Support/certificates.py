"""A directory of certificates that `lehr certs` keeps, and what OpenSSL makes of it."""

import ssl
import subprocess


class Certificates:
    def __init__(self, sandbox, name="certs", cluster="test"):
        self.sandbox = sandbox
        self.path = sandbox.folder / name
        self.cluster = cluster
        sandbox.run("certs", "init", "--cluster", cluster, self.path)

    @property
    def authority(self):
        return self.path / "ca.pem"

    def file(self, role, name):
        return self.path / f"{role}-{name}.pem"

    def run(self, command, *arguments, **options):
        return self.sandbox.run("certs", command, *arguments, "--dir", self.path, **options)

    def issue(self, role, name, *arguments):
        self.run("issue", role, name, *arguments)
        return self.file(role, name)

    def show(self):
        return {
            row["file"] if row["file"] != "ca.pem" else row["fingerprint"]: row
            for row in self.sandbox.json("certs", "show", "--dir", self.path)
        }

    def members(self):
        return sorted(path for path in self.path.glob("*-*.pem") if path.name != "authority-next.pem")

    def check_usable(self):
        """Every member's file has a certificate that `ca.pem` vouches for, and its key."""
        members = self.members()
        # One call for all of them, as it is what takes the time.
        verified = subprocess.run(
            ["openssl", "verify", "-CAfile", self.authority, *members],
            capture_output=True,
            text=True,
        )
        assert verified.returncode == 0, verified.stdout + verified.stderr
        for path in members:
            # Refuses a key that is not the certificate's.
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(path)


def openssl(*arguments):
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, f"openssl {arguments}: {done.stderr}"
    return done.stdout
