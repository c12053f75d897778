"""Clusters whose processes run from an image's file system."""

import os
import json
import pathlib

import pytest

from Support.cluster import SHORT_LEASE, Cluster
from Support.sandbox import Sandbox
from rootfs import USER, assemble, can_mount, wrapper


@pytest.fixture(scope="session")
def rootfs(root, request):
    """The image's file system."""
    if not can_mount():
        pytest.skip("root is needed, and mounts, to run from an image's file system")
    named = os.environ.get("LEHR_ROOTFS")
    if named:
        return pathlib.Path(named)
    target = request.getfixturevalue("tmp_path_factory").mktemp("image")
    return assemble(request.getfixturevalue("binary"), root / "Examples", target)


@pytest.fixture(scope="session")
def image_config():
    """The configuration of a real image; skips without one."""
    named = os.environ.get("LEHR_IMAGE_CONFIG")
    if not named:
        pytest.skip("there is no real image; docker/verify makes one")
    return json.loads(pathlib.Path(named).read_text())["Docker"]["config"]


@pytest.fixture(autouse=True)
def writable_by_the_user():
    """What tests make is for the image's user to change."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def sandbox(rootfs, tmp_path):
    """As everywhere, but from the image."""
    # pytest keeps its folders to itself.
    for folder in (tmp_path, *tmp_path.parents[:3]):
        if folder != pathlib.Path("/tmp"):
            folder.chmod(0o755)
    os.chown(tmp_path, USER, USER)
    sandbox = Sandbox(wrapper(rootfs, tmp_path), tmp_path)
    yield sandbox
    sandbox.close()


@pytest.fixture
def make_cluster(sandbox):
    def make(shards=2, workers=2, lease=SHORT_LEASE):
        cluster = Cluster(sandbox, lease)
        cluster.shards = [cluster.shard(f"shard-{i}") for i in range(shards)]
        cluster.workers = [cluster.worker(f"worker-{i}") for i in range(workers)]
        return cluster

    return make
