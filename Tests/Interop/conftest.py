"""Fixtures for tests of the built `lehr` with stock gRPC clients.

    python3 -m venv venv && venv/bin/pip install -r Tests/Interop/requirements.txt
    venv/bin/pytest Tests/Interop

`LEHR_BIN` names the binary; without it the release build is taken, then the debug build.
"""

import collections
import importlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time
import types

import grpc
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Seconds that a process may take to say where it listens, and to end.
START_SECONDS = 30
STOP_SECONDS = 10


@pytest.fixture(scope="session")
def lehr_binary():
    """The path of the `lehr` binary under test."""
    named = os.environ.get("LEHR_BIN")
    candidates = (
        [pathlib.Path(named)]
        if named
        else [ROOT / ".build" / kind / "lehr" for kind in ("release", "debug")]
    )
    for candidate in candidates:
        if os.access(candidate, os.X_OK):
            return candidate.resolve()
    looked = ", ".join(str(candidate) for candidate in candidates)
    pytest.fail(f"no lehr binary at {looked}; run `swift build`, or set LEHR_BIN")


@pytest.fixture(scope="session")
def stubs(tmp_path_factory):
    """Modules generated from `Protos/`, by name: `stubs.coordinator_pb2`, `..._pb2_grpc`."""
    from grpc_tools import protoc

    protos = ROOT / "Protos"
    target = tmp_path_factory.mktemp("stubs")
    files = sorted(str(path.relative_to(protos)) for path in protos.rglob("*.proto"))
    assert files, f"no .proto under {protos}"
    arguments = ["protoc", f"-I{protos}", f"--python_out={target}", f"--grpc_python_out={target}"]
    assert protoc.main(arguments + files) == 0, "protoc refuses Protos/"
    sys.path.insert(0, str(target))
    modules = types.SimpleNamespace()
    for file in files:
        base = file.removesuffix(".proto").replace("/", ".")
        for suffix in ("_pb2", "_pb2_grpc"):
            setattr(modules, base.rpartition(".")[2] + suffix, importlib.import_module(base + suffix))
    yield modules
    sys.path.remove(str(target))


class Process:
    """A running `lehr`, its output so far, and the addresses that it has announced."""

    def __init__(self, command, environment, directory):
        self.command = command
        self.lines = collections.deque(maxlen=10_000)
        self._changed = threading.Condition()
        self._has_ended = False
        self._process = subprocess.Popen(
            command,
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self._process.stdout:
            with self._changed:
                self.lines.append(line.rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._has_ended = True
            self._changed.notify_all()

    @property
    def pid(self):
        return self._process.pid

    @property
    def output(self):
        with self._changed:
            return "\n".join(self.lines)

    def wait_for(self, pattern, seconds=START_SECONDS):
        """Waits for a line that matches, and returns the match."""
        expression = re.compile(pattern)
        end = time.monotonic() + seconds
        with self._changed:
            while True:
                for line in self.lines:
                    if match := expression.search(line):
                        return match
                left = end - time.monotonic()
                if self._has_ended or left <= 0:
                    break
                self._changed.wait(left)
            why = "it ended" if self._has_ended else f"{seconds} s have passed"
            raise AssertionError(
                f"{' '.join(self.command)} did not print /{pattern}/ ({why}); it printed:\n"
                + "\n".join(self.lines)
            )

    def address(self, key="grpc", seconds=START_SECONDS):
        """The `HOST:PORT` that the process announces as `key=HOST:PORT` when it listens."""
        return self.wait_for(rf"\b{key}=(\[[^\]\s]+\]:\d+|[^\s:=,]+:\d+)", seconds).group(1)

    def signal(self, number):
        if self._process.poll() is None:
            self._process.send_signal(number)

    def wait(self, seconds=STOP_SECONDS):
        """Waits for the end and returns the exit code."""
        return self._process.wait(seconds)

    def stop(self, seconds=STOP_SECONDS):
        """SIGTERM, and SIGKILL to what does not end by itself; returns the exit code."""
        self.signal(signal.SIGTERM)
        try:
            return self.wait(seconds)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self):
        """SIGKILL, as when a machine is lost."""
        self.signal(signal.SIGKILL)
        return self.wait()


@pytest.fixture
def start(lehr_binary, tmp_path):
    """`start("coordinator", "--listen", "127.0.0.1:0")` runs a `lehr`; all end with the test."""
    processes = []

    def run(*arguments, environment=None):
        # Settings of the person who runs the tests must not change what is tested.
        clean = {name: value for name, value in os.environ.items() if not name.startswith("LEHR_")}
        command = [str(lehr_binary), *map(str, arguments)]
        process = Process(command, {**clean, **(environment or {})}, tmp_path)
        processes.append(process)
        return process

    yield run
    for process in reversed(processes):
        process.stop()


@pytest.fixture
def connect():
    """`connect(address)` opens a channel to it; all are closed with the test."""
    channels = []

    def open_channel(address, **options):
        settings = {
            "grpc.max_receive_message_length": -1,
            "grpc.max_send_message_length": -1,
            # Processes of separate tests may get the same port.
            "grpc.use_local_subchannel_pool": 1,
            **options,
        }
        channel = grpc.insecure_channel(address, options=list(settings.items()))
        channels.append(channel)
        return channel

    yield open_channel
    for channel in channels:
        channel.close()
