"""A coordinator with shards, workers and serving, as processes that find each other."""

from Support import web
from Support.waiting import wait_until

# Leases of tests that wait for one to end; the shortest that a coordinator grants.
SHORT_LEASE = ("--lease-ttl", "2s", "--heartbeat", "500ms")
LOOPBACK = ("--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0")

# Seconds that a job of these tests may take.
JOB_SECONDS = 120


class Cluster:
    def __init__(self, sandbox, lease=SHORT_LEASE):
        self.sandbox = sandbox
        self.folder = sandbox.folder
        self.state = self.folder / "coordinator"
        self.lease = lease
        self.coordinator = self._start_coordinator("127.0.0.1:0")
        self.address = self.coordinator.grpc

    def _start_coordinator(self, listen):
        return self.sandbox.start(
            "coordinator",
            "coordinator",
            *("--listen", listen, "--http-listen", "127.0.0.1:0", "--state-dir", self.state),
            *self.lease,
        )

    def restart_coordinator(self):
        """A new process with the state and the address of the one before."""
        self.coordinator = self._start_coordinator(self.address)
        assert self.coordinator.grpc == self.address
        return self.coordinator

    # Members.

    def start(self, role, name, *arguments):
        process = self.sandbox.start(
            name, role, *LOOPBACK, "--coordinator", self.address, "--name", name, *arguments
        )
        process.wait_for(r"joined the cluster")
        return process

    def shard(self, name="shard-0", *arguments):
        # However many processors there are here.
        cores = () if "--cores" in arguments else ("--cores", 1)
        return self.start("shard", name, *cores, *arguments)

    def worker(self, name="worker-0", *arguments):
        # At debug level a worker tells which attempt of which part it begins.
        return self.start("worker", name, "--log-level", "debug", *arguments)

    def serving(self, name="serving-0"):
        self.models.mkdir(exist_ok=True)
        return self.start("serving", name, "--model-dir", self.models)

    @property
    def models(self):
        return self.folder / "models"

    def members(self):
        return {member["name"]: member for member in self.json("members")}

    # Commands.

    def run(self, *arguments, **options):
        return self.sandbox.run(*arguments, "--coordinator", self.address, **options)

    def json(self, *arguments, **options):
        return self.sandbox.json(*arguments, "--coordinator", self.address, **options)

    # Jobs.

    def submit(self, file):
        return self.json("job", "submit", file)["id"]

    def job(self, job):
        return self.json("job", "status", job)["job"]

    def wait_for_progress(self, job, share):
        """Waits until this share of the job's batches is settled, and the job not yet ended."""

        def is_far():
            status = self.job(job)
            assert status["state"] == "running", f"the job ended too early: {status}"
            return status["batches_done"] >= share * status["batches"]

        wait_until(is_far, JOB_SECONDS, f"{share:.0%} of job {job}")

    def wait_for_end(self, job, state="completed", seconds=JOB_SECONDS):
        def ended():
            status = self.job(job)
            return status if status["state"] != "running" else None

        status = wait_until(ended, seconds, f"the end of job {job}")
        assert status["state"] == state, status["message"] or status["state"]
        return status

    def counts(self, job):
        """What has been applied to each table, summed over its partitions."""
        tables = self.json("job", "status", job)["tables"]
        assert tables, "no shard has told its counts"
        return {table["name"]: (table["rows_pushed"], table["batches_applied"]) for table in tables}

    def repeats(self, job):
        return sum(t["batches_repeated"] for t in self.json("job", "status", job)["tables"])

    def export(self, job):
        return self.json("export", job, self.models)["path"]


def model_status(serving, name):
    return web.get(f"{serving.http}/v1/models/{name}")


def wait_for_version(serving, name, version):
    """Waits until serving answers with this version of the model."""
    wait_until(
        lambda: f'"version":"{version}","state":"AVAILABLE"' in model_status(serving, name).body,
        20,
        f"version {version} of {name} is served",
    )
