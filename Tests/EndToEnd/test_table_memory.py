"""A shard whose tables are at their limit: it refuses new keys, lives on, and says so."""

import re

from Support.cluster import Cluster
from Support.jobs import write_job
from Support.waiting import wait_until


def test_a_shard_at_its_limit_goes_on(sandbox, tmp_path, generated):
    # Rows of 8 KiB: a thousand fill the shard.
    data = generated("wide", users=3000, items=200, interactions=18000, parts=2)
    cluster = Cluster(sandbox)
    shard = cluster.shard("shard-0", "--table-memory", "8MiB")
    assert re.search(r"table-memory[:=]\W*8\.0 MiB", shard.log)
    cluster.worker()
    job = cluster.submit(write_job(tmp_path, data, dimension=1024, batch_size=64))
    cluster.wait_for_end(job)

    report = cluster.json("job", "status", job)
    (user,) = [table for table in report["tables"] if table["name"] == "user"]
    assert user["rows"] < 1024 and user["rows_refused_at_limit"] > 1000
    assert user["rows_retired"] == 0
    (memory,) = report["memory"]
    assert memory["bytes_used"] <= memory["bytes_reserved"] <= memory["bytes_limit"] == 8 << 20
    text = cluster.run("job", "status", job).stdout
    assert "memory limit" in text and "8.0 MiB" in text

    assert shard.is_running
    # Metrics are taken every so often.
    wait_until(
        lambda: shard.metric("lehr_shard_refused_rows_total", reason="limit") > 1000, 10,
        "the shard's metrics count what it refused")
    assert shard.metric("lehr_shard_memory_limit_bytes") == 8 << 20
    assert shard.metric("lehr_shard_refused_rows_total", reason="not_a_number") == 0
    assert cluster.export(job)


def test_memory_that_is_too_little(sandbox):
    flags = ("--cores", "4", "--table-memory", "16MiB")
    problem = sandbox.run("shard", *flags, status=64).stderr
    assert "table-memory: expected a size of at least 32MiB (8MiB for each of --cores)" in problem
    printed = sandbox.run("shard", "--print-config").stdout
    assert re.search(r"^table-memory +\d+MiB +default$", printed, re.M)
