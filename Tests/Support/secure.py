"""A cluster whose members speak mutual TLS, and one where people may have tokens as well."""

import grpc

from Support.certificates import Certificates
from Support.cluster import SHORT_LEASE, Cluster


def tls(certificates, role, name):
    """Flags with which a process is this member or person."""
    file = certificates.file(role, name)
    if not file.exists():
        certificates.issue(role, name)
    return ("--tls-cert", file, "--tls-key", file, "--tls-ca", certificates.authority)


class SecureCluster(Cluster):
    def __init__(self, sandbox, *arguments):
        """`arguments`: more of the coordinator's."""
        self.certificates = Certificates(sandbox)
        identity = self.flags("coordinator", "coordinator")
        super().__init__(sandbox, (*SHORT_LEASE, *identity, *arguments))

    def flags(self, role, name):
        return tls(self.certificates, role, name)

    def start(self, role, name, *arguments):
        return super().start(role, name, *self.flags(role, name), *arguments)

    # Commands, as Ann unless it is said otherwise; of nobody with `who=None`.

    def run(self, *arguments, who=("client", "ann"), **options):
        return super().run(*arguments, *(self.flags(*who) if who else ()), **options)

    def json(self, *arguments, who=("client", "ann"), **options):
        return super().json(*arguments, *self.flags(*who), **options)

    # Stock gRPC.

    def channel(self, address, role=None, name=None):
        """A channel with this member's certificate, or with none."""
        pem = self.certificates.file(role, name).read_bytes() if role else None
        credentials = grpc.ssl_channel_credentials(
            self.certificates.authority.read_bytes(), private_key=pem, certificate_chain=pem
        )
        options = [("grpc.enable_http_proxy", 0), ("grpc.use_local_subchannel_pool", 1)]
        return grpc.secure_channel(address, credentials, options=options)


class TokenCluster(SecureCluster):
    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.tokens = sandbox.folder / "tokens"
        self.token = self.create_token("bob")
        super().__init__(sandbox, "--tokens", self.tokens, "--tls-clients", "optional")
        self.certificates.issue("client", "ann")

    def create_token(self, name):
        return self.sandbox.run("tokens", "create", name, "--tokens", self.tokens).stdout.strip()

    def run_with_token(self, token, *arguments, **options):
        return self.sandbox.run(
            *(*arguments, "--coordinator", self.address, "--tls-ca", self.certificates.authority),
            environment={"LEHR_TOKEN": token},
            **options,
        )
