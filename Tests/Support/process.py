"""A running `lehr`, its log, and the addresses that it has announced."""

import re
import signal
import subprocess
import time

from Support import web
from Support.waiting import wait_until

# Seconds that a process may take to say where it listens, and to end.
START_SECONDS = 30
STOP_SECONDS = 10


class Process:
    def __init__(self, name, command, environment, folder):
        self.name = name
        self.command = command
        self.log_path = folder / f"{name}.{time.monotonic_ns()}.log"
        with open(self.log_path, "wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    @property
    def pid(self):
        return self._process.pid

    @property
    def log(self):
        return self.log_path.read_text(errors="replace")

    @property
    def is_running(self):
        return self._process.poll() is None

    def wait_for(self, pattern, seconds=START_SECONDS):
        """Waits for a line of the log that matches, and returns the match."""

        def search():
            # Asked before reading: what an ended process wrote is all there.
            is_running = self.is_running
            match = re.search(pattern, self.log, re.MULTILINE)
            assert match or is_running, f"{self.name} ended without printing /{pattern}/"
            return match

        return wait_until(search, seconds, f"{self.name} prints /{pattern}/")

    def address(self, key):
        """The first `HOST:PORT` that the process announces as `key=HOST:PORT` when ready."""
        return self.wait_for(rf"\b{key}=([^\s,]+:\d+)\S* .*\] ready$")[1]

    @property
    def grpc(self):
        return self.address("grpc")

    @property
    def http(self):
        return "http://" + self.address("http")

    def metric(self, name, **labels):
        """The sum of a metric's series that have all these labels; 0 when there is none yet."""
        return web.metric(f"{self.http}/metrics", name, **labels)

    def signal(self, number):
        if self.is_running:
            self._process.send_signal(number)

    def wait(self, seconds=STOP_SECONDS):
        """Waits for the end and returns the exit status."""
        return self._process.wait(seconds)

    def terminate(self):
        """SIGTERM; returns the exit status and the seconds until the end."""
        begin = time.monotonic()
        self.signal(signal.SIGTERM)
        return self.wait(), time.monotonic() - begin

    def kill(self):
        """SIGKILL, as when a machine is lost."""
        assert self.is_running, f"{self.name} was to be killed, but has ended"
        self.signal(signal.SIGKILL)
        assert self.wait() == -signal.SIGKILL

    def end(self):
        """Ends it by any means: at the end of a test."""
        self.signal(signal.SIGTERM)
        try:
            self.wait()
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
            self.wait()
