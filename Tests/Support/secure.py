"""A cluster whose members speak mutual TLS."""

from Support.certificates import Certificates
from Support.cluster import SHORT_LEASE, Cluster


def tls(certificates, role, name):
    """Flags with which a process is this member."""
    file = certificates.file(role, name)
    if not file.exists():
        certificates.issue(role, name)
    return ("--tls-cert", file, "--tls-key", file, "--tls-ca", certificates.authority)


class SecureCluster(Cluster):
    def __init__(self, sandbox, certificates=None):
        self.certificates = certificates or Certificates(sandbox)
        identity = tls(self.certificates, "coordinator", "coordinator")
        super().__init__(sandbox, (*SHORT_LEASE, *identity))

    def start(self, role, name, *arguments):
        return super().start(role, name, *tls(self.certificates, role, name), *arguments)

    # Commands are those of a person with a certificate, unless told otherwise.

    def run(self, *arguments, person="ann", **options):
        flags = tls(self.certificates, "client", person) if person else ()
        return super().run(*arguments, *flags, **options)

    def json(self, *arguments, person="ann", **options):
        return super().json(*arguments, *tls(self.certificates, "client", person), **options)


def metric(process, name, **labels):
    """The sum of a metric's series that have these labels."""
    from Support import web

    total = 0.0
    for line in web.get(f"{process.http}/metrics").body.splitlines():
        if line.startswith(name) and all(f'{k}="{v}"' in line for k, v in labels.items()):
            total += float(line.rpartition(" ")[2])
    return total
