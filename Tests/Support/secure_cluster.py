"""A cluster in which everybody has a certificate, and people may have tokens."""

import grpc

from Support.certificates import Certificates
from Support.cluster import SHORT_LEASE, Cluster


class SecureCluster(Cluster):
    def __init__(self, sandbox, lease=SHORT_LEASE):
        self.certificates = Certificates(sandbox)
        self.certificates.issue("coordinator", "coordinator")
        self.certificates.issue("client", "ann")
        self.tokens = sandbox.folder / "tokens"
        self.sandbox = sandbox
        self.token = self.create_token("bob")
        super().__init__(sandbox, lease)

    def create_token(self, name):
        return self.sandbox.run("tokens", "create", name, "--tokens", self.tokens).stdout.strip()

    def flags(self, role, name):
        """What a process is given to be this member or person."""
        file = self.certificates.file(role, name)
        return "--tls-ca", self.certificates.authority, "--tls-cert", file, "--tls-key", file

    def _start_coordinator(self, listen):
        return self.sandbox.start(
            "coordinator",
            "coordinator",
            *("--listen", listen, "--http-listen", "127.0.0.1:0", "--state-dir", self.state),
            *("--tokens", self.tokens, "--tls-clients", "optional"),
            *self.flags("coordinator", "coordinator"),
            *self.lease,
        )

    def start(self, role, name, *arguments):
        if not self.certificates.file(role, name).exists():
            self.certificates.issue(role, name)
        return super().start(role, name, *self.flags(role, name), *arguments)

    # Commands, as Ann unless it is said otherwise.

    def run(self, *arguments, who=("client", "ann"), **options):
        return super().run(*arguments, *self.flags(*who), **options)

    def json(self, *arguments, who=("client", "ann"), **options):
        return super().json(*arguments, *self.flags(*who), **options)

    def run_with_token(self, token, *arguments, **options):
        return self.sandbox.run(
            *(*arguments, "--coordinator", self.address, "--tls-ca", self.certificates.authority),
            environment={"LEHR_TOKEN": token},
            **options,
        )

    # Stock gRPC.

    def channel(self, address, role=None, name=None):
        """A channel with this member's certificate, or with none."""
        pem = self.certificates.file(role, name).read_bytes() if role else None
        credentials = grpc.ssl_channel_credentials(
            self.certificates.authority.read_bytes(), private_key=pem, certificate_chain=pem
        )
        options = [("grpc.enable_http_proxy", 0), ("grpc.use_local_subchannel_pool", 1)]
        return grpc.secure_channel(address, credentials, options=options)
