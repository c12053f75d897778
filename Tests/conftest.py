"""Fixtures for tests of the built `lehr` as real processes.

    make end-to-end
    .venv/bin/pytest Tests/EndToEnd/test_worker_loss.py

`LEHR_BIN`, `LEHR_SIM_BIN` and `LEHR_SOAK_BIN` name the binaries; without them the release build is
taken, then the debug build. Everything listens on loopback, at ports that the system chooses.
"""

import importlib
import os
import pathlib
import sys
import types

import pytest

from Support.cluster import SHORT_LEASE, Cluster
from Support.sandbox import Sandbox

ROOT = pathlib.Path(__file__).resolve().parents[1]


def find_binary(variable, name):
    named = os.environ.get(variable)
    if named:
        candidates = [pathlib.Path(named)]
    else:
        candidates = [ROOT / ".build" / kind / name for kind in ("release", "debug")]
    for candidate in candidates:
        if os.access(candidate, os.X_OK):
            return candidate.resolve()
    looked = ", ".join(map(str, candidates))
    pytest.fail(f"no {name} at {looked}; run `make build`, or set {variable}", pytrace=False)


@pytest.fixture(scope="session")
def root():
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def binary():
    """The `lehr` under test."""
    return find_binary("LEHR_BIN", "lehr")


@pytest.fixture(scope="session")
def simulator(binary):
    """The `lehr-sim` under test: beside `lehr`, unless it is named."""
    if "LEHR_SIM_BIN" not in os.environ and (binary.parent / "lehr-sim").exists():
        return binary.parent / "lehr-sim"
    return find_binary("LEHR_SIM_BIN", "lehr-sim")


@pytest.fixture(scope="session")
def soak(binary):
    """The `lehr-soak` under test: beside `lehr`, unless it is named."""
    if "LEHR_SOAK_BIN" not in os.environ and (binary.parent / "lehr-soak").exists():
        return binary.parent / "lehr-soak"
    return find_binary("LEHR_SOAK_BIN", "lehr-soak")


@pytest.fixture(scope="session")
def real_data():
    """`real_data(NAME)`: a folder of real data; skips where there is none."""
    named = os.environ.get("LEHR_SHARED_DATA")
    shared = pathlib.Path(named) if named else ROOT.parent / "shared" / "data"

    def find(name):
        folder = shared / name
        if not folder.is_dir():
            pytest.skip(f"no real data at {folder}; set LEHR_SHARED_DATA")
        return folder

    return find


@pytest.fixture(scope="session")
def stubs(tmp_path_factory):
    """Modules that stock `protoc` makes of `Protos/lehr`: `stubs.shard_pb2`, `stubs.shard_pb2_grpc`."""
    from grpc_tools import protoc

    protos = ROOT / "Protos"
    target = tmp_path_factory.mktemp("stubs")
    files = sorted(str(path.relative_to(protos)) for path in (protos / "lehr").rglob("*.proto"))
    assert files, f"no .proto under {protos}"
    arguments = ["protoc", f"-I{protos}", f"--python_out={target}", f"--grpc_python_out={target}"]
    assert protoc.main(arguments + files) == 0, "protoc refuses Protos/"
    sys.path.insert(0, str(target))
    modules = types.SimpleNamespace()
    for file in files:
        base = file.removesuffix(".proto").replace("/", ".")
        for suffix in ("_pb2", "_pb2_grpc"):
            module = importlib.import_module(base + suffix)
            setattr(modules, base.rpartition(".")[2] + suffix, module)
    yield modules
    sys.path.remove(str(target))


# Sandboxes end their processes with the test, or with the file's last test.


def opened(binary, folder):
    sandbox = Sandbox(binary, folder)
    yield sandbox
    sandbox.close()


@pytest.fixture
def sandbox(binary, tmp_path):
    yield from opened(binary, tmp_path)


@pytest.fixture(scope="module")
def shared_sandbox(binary, tmp_path_factory):
    yield from opened(binary, tmp_path_factory.mktemp("shared"))


@pytest.fixture
def make_cluster(sandbox):
    """`make_cluster(shards=2, workers=2)`: a cluster of the test's own."""

    def make(shards=2, workers=2, lease=SHORT_LEASE):
        cluster = Cluster(sandbox, lease)
        cluster.shards = [cluster.shard(f"shard-{i}") for i in range(shards)]
        cluster.workers = [cluster.worker(f"worker-{i}") for i in range(workers)]
        return cluster

    return make


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Adds the logs of all processes to the report of a failed test."""
    outcome = yield
    report = outcome.get_result()
    if not report.failed:
        return
    for value in getattr(item, "funcargs", {}).values():
        if isinstance(value, Sandbox):
            report.sections.extend(value.logs())
