"""Rows pulled and pushed by stubs that stock `protoc` generates."""

import types

import grpc
import pytest

from Support import wire
from Support.table_client import DIMENSION, TableClient, gradients_for, moved


@pytest.fixture
def job(coordinator, stubs, spec):
    """A job with tables that nobody has touched, and the map that has them."""
    messages = stubs.coordinator_pb2
    job = coordinator.SubmitJob(messages.SubmitJobRequest(spec=spec), timeout=10)
    map = coordinator.GetClusterMap(messages.GetClusterMapRequest(), timeout=10)
    (table,) = [t for t in map.tables if t.job == job.id and t.spec.name == "user"]
    yield types.SimpleNamespace(id=job.id, map=map, table=table)
    coordinator.StopJob(messages.GetJobRequest(job=str(job.id)), timeout=10)


@pytest.fixture
def client(job, stubs, connect):
    return TableClient(job, stubs.shard_pb2, connect)


KEYS = [*range(1, 200), (1 << 64) - 1, 1 << 63]


def test_rows_before_they_are_pushed(client, stubs, job):
    rows = client.pull(KEYS)
    assert client.pull(KEYS) == rows
    assert len({tuple(row) for row in rows.values()}) == len(KEYS), "each key has a row of its own"
    assert all(abs(value) <= 0.1 for row in rows.values() for value in row)
    # Asking creates nothing.
    for shard in client.stubs.values():
        request = stubs.shard_pb2.GetStatisticsRequest(job=job.id)
        partitions = shard.GetStatistics(request, timeout=10).partitions
        assert partitions and all(partition.rows == 0 for partition in partitions)


def test_a_push_moves_rows_by_exactly_what_sgd_says(client):
    before = client.pull(KEYS)
    gradients = gradients_for(KEYS)
    assert client.push(gradients, client.identity(batch=0)) == (8, 0)
    after = client.pull(KEYS)
    assert after == moved(before, gradients)
    assert len(client.stubs) == 3, "all cores took part"

    assert client.push(gradients, client.identity(batch=1)) == (8, 0)
    assert client.pull(KEYS) == moved(after, gradients)


def test_the_same_push_twice_moves_rows_once(client):
    gradients = gradients_for(KEYS)
    client.push(gradients, client.identity(batch=3))
    after = client.pull(KEYS)
    assert client.push(gradients, client.identity(batch=3)) == (0, 8)
    # Whoever repeats it, and whatever the gradient is by then.
    other = {key: [9.0] * DIMENSION for key in KEYS}
    assert client.push(other, client.identity(batch=3, attempt=2)) == (0, 8)
    assert client.pull(KEYS) == after
    # Below the floor of a later push is settled, too.
    assert client.push(gradients, client.identity(batch=10, floor=10)) == (8, 0)
    later = client.pull(KEYS)
    assert client.push(gradients, client.identity(batch=9)) == (0, 8)
    assert client.pull(KEYS) == later


def test_a_repeat_is_known_by_each_partition_for_itself(client):
    some = gradients_for(client.keys(0, 5))
    assert client.push(some, client.identity(batch=0)) == (1, 0)
    all_of_them = gradients_for([*some, *client.keys(1, 5)])
    assert client.push(all_of_them, client.identity(batch=0)) == (1, 1)


def test_counts(client, stubs, job):
    gradients = gradients_for(KEYS)
    client.push(gradients, client.identity(batch=0))
    client.push(gradients, client.identity(batch=0))
    partitions = []
    for shard in client.stubs.values():
        request = stubs.shard_pb2.GetStatisticsRequest(job=job.id)
        partitions += shard.GetStatistics(request, timeout=10).partitions
    touched = [partition for partition in partitions if partition.table == job.table.id]
    assert [p.batches_applied for p in touched] == [1] * 8
    assert [p.batches_repeated for p in touched] == [1] * 8
    assert sum(p.rows for p in touched) == sum(p.rows_pushed for p in touched) == len(KEYS)


def test_gradients_that_are_no_numbers(client, stubs, job):
    """Such a row is refused and counted; the others are applied."""
    keys = client.keys(0, 4)
    before = client.pull(keys)
    gradients = gradients_for(keys)
    gradients[keys[1]] = [1.0, float("nan"), 0.0, 0.0]
    gradients[keys[2]] = [float("-inf"), 0.0, 0.0, 0.0]
    assert client.push(gradients, client.identity(batch=0)) == (1, 0)
    expected = moved(before, gradients)
    expected.update({key: before[key] for key in keys[1:3]})
    assert client.pull(keys) == expected
    request = stubs.shard_pb2.GetStatisticsRequest(job=job.id)
    partitions = client.stub(job.table.partitions[0]).GetStatistics(request, timeout=10).partitions
    assert sum(partition.rows_refused for partition in partitions) == 2


def test_a_stale_incarnation_is_refused_whole(client, refused):
    """One stale partition among good ones: nothing of the request is applied."""
    first = client.job.table.partitions[0]
    home = client.address(first)
    second = next(p for p in client.job.table.partitions[1:] if client.address(p) == home)
    keys = client.keys(first.index, 3) + client.keys(second.index, 3)
    before = client.pull(keys)
    gradients = gradients_for(keys)
    (runs,) = client.by_owner(keys)
    for delta in (-1, 1):
        request = client.push_request(runs, gradients, client.identity(batch=0))
        request.tables[0].partitions[1].incarnation += delta
        problem = refused(grpc.StatusCode.ABORTED, client.stub(first).Push, request)
        assert f"partition {second.index} " in problem
        assert f"incarnation {second.incarnation} is current" in problem
        pull = client.pull_request(runs)
        pull.tables[0].partitions[1].incarnation += delta
        refused(grpc.StatusCode.ABORTED, client.stub(first).Pull, pull)
    assert client.pull(keys) == before
    # The identity was not used up.
    assert client.push(gradients, client.identity(batch=0)) == (2, 0)


def test_a_core_that_does_not_own_it(client, refused):
    first = client.job.table.partitions[0]
    elsewhere = next(
        p for p in client.job.table.partitions if client.address(p) != client.address(first)
    )
    request = client.pull_request([(first, client.keys(first.index, 1))])
    problem = refused(grpc.StatusCode.ABORTED, client.stub(elsewhere).Pull, request)
    assert "not owned here" in problem


def test_another_cluster(client, refused):
    key = client.keys(0, 1)
    (runs,) = client.by_owner(key)
    client.cluster += 1
    wrong = grpc.StatusCode.FAILED_PRECONDITION
    stub = client.stub(runs[0][0])
    push = client.push_request(runs, gradients_for(key), client.identity(batch=0))
    for method, request in ((stub.Pull, client.pull_request(runs)), (stub.Push, push)):
        problem = refused(wrong, method, request)
        assert f"cluster {client.cluster - 1:016x}" in problem
        assert f"{client.cluster:016x}" in problem


def test_another_partitions_key(client, refused):
    (key,) = client.keys(1, 1)
    runs = [(client.job.table.partitions[0], [key])]
    stub = client.stub(runs[0][0])
    push = client.push_request(runs, gradients_for([key]), client.identity(batch=0))
    for method, request in ((stub.Pull, client.pull_request(runs)), (stub.Push, push)):
        problem = refused(grpc.StatusCode.INVALID_ARGUMENT, method, request)
        assert f"key {key} does not belong to partition 0" in problem


@pytest.mark.parametrize(
    "change",
    [
        lambda table: setattr(table, "keys", table.keys[:-1]),
        lambda table: setattr(table, "keys", table.keys + b"\0" * 8),
        lambda table: setattr(table, "gradients", table.gradients[:-4]),
        lambda table: setattr(table, "gradients", table.gradients[:-1]),
        lambda table: setattr(table, "gradients", b""),
        lambda table: setattr(table, "shows", wire.packed_floats([1.0])),
        lambda table: setattr(table.partitions[0], "key_count", (1 << 32) - 1),
        lambda table: table.partitions.append(table.partitions[0]),
    ],
)
def test_lengths_that_do_not_fit(client, refused, change):
    keys = client.keys(0, 3)
    before = client.pull(keys)
    (runs,) = client.by_owner(keys)
    request = client.push_request(runs, gradients_for(keys), client.identity(batch=0))
    change(request.tables[0])
    refused(grpc.StatusCode.INVALID_ARGUMENT, client.stub(runs[0][0]).Push, request)
    assert client.pull(keys) == before


def test_a_push_without_identity(client, refused):
    (runs,) = client.by_owner(client.keys(0, 1))
    request = client.push_request(runs, gradients_for(runs[0][1]), None)
    problem = refused(grpc.StatusCode.INVALID_ARGUMENT, client.stub(runs[0][0]).Push, request)
    assert "identity" in problem


def test_another_jobs_identity(client, refused):
    (runs,) = client.by_owner(client.keys(0, 1))
    identity = client.identity(batch=0)
    identity.job += 1
    request = client.push_request(runs, gradients_for(runs[0][1]), identity)
    problem = refused(grpc.StatusCode.INVALID_ARGUMENT, client.stub(runs[0][0]).Push, request)
    assert f"is not of job {identity.job}" in problem


def test_an_older_generation(client, refused):
    keys = client.keys(0, 2)
    gradients = gradients_for(keys)
    client.push(gradients, client.identity(batch=0, generation=2))
    (runs,) = client.by_owner(keys)
    request = client.push_request(runs, gradients, client.identity(batch=1, generation=1))
    wrong = grpc.StatusCode.FAILED_PRECONDITION
    problem = refused(wrong, client.stub(runs[0][0]).Push, request)
    assert "generation 2" in problem


def test_a_batch_too_far_ahead(client, refused):
    keys = client.keys(0, 1)
    gradients = gradients_for(keys)
    (runs,) = client.by_owner(keys)
    request = client.push_request(runs, gradients, client.identity(batch=1 << 40))
    problem = refused(grpc.StatusCode.RESOURCE_EXHAUSTED, client.stub(runs[0][0]).Push, request)
    assert "too far ahead" in problem
    assert client.push(gradients, client.identity(batch=0)) == (1, 0)


def test_staged_then_committed(client, stubs, refused):
    """Sequential mode: a step is applied when it is committed, and once."""
    keys = client.keys(0, 4)
    gradients = gradients_for(keys)
    before = client.pull(keys)
    (runs,) = client.by_owner(keys)
    stub = client.stub(runs[0][0])
    messages = stubs.shard_pb2
    step = client.step(runs, client.identity(batch=0))
    assert stub.InquireStep(step, timeout=10).state == messages.STEP_STATE_NONE
    client.push(gradients, client.identity(batch=0), stage=True)
    assert client.pull(keys) == before
    assert stub.InquireStep(step, timeout=10).state == messages.STEP_STATE_STAGED

    for _ in range(2):
        assert stub.CommitStep(step, timeout=10).state == messages.STEP_STATE_COMMITTED
        assert client.pull(keys) == moved(before, gradients)
    assert stub.InquireStep(step, timeout=10).state == messages.STEP_STATE_COMMITTED


def test_staged_then_dropped_by_a_successor(client, stubs, refused):
    keys = client.keys(0, 4)
    before = client.pull(keys)
    client.push(gradients_for(keys), client.identity(batch=0), stage=True)
    (runs,) = client.by_owner(keys)
    stub = client.stub(runs[0][0])
    messages = stubs.shard_pb2
    second = client.step(runs, client.identity(batch=0, attempt=2))
    assert stub.InquireStep(second, timeout=10).state == messages.STEP_STATE_STAGED
    assert stub.AbortStep(second, timeout=10).state == messages.STEP_STATE_NONE
    # The one before is too late now.
    first = client.step(runs, client.identity(batch=0))
    refused(grpc.StatusCode.FAILED_PRECONDITION, stub.CommitStep, first)
    assert client.pull(keys) == before


def test_a_scan_gives_all_rows(client, stubs, refused):
    gradients = gradients_for(KEYS)
    client.push(gradients, client.identity(batch=0))
    rows = client.pull(KEYS)
    scanned = {}
    for partition in client.job.table.partitions:
        request = stubs.shard_pb2.ScanRequest(
            cluster_id=client.cluster,
            table=client.job.table.id,
            partition=partition.index,
            incarnation=partition.incarnation,
        )
        for chunk in client.stub(partition).Scan(request, timeout=10):
            values = wire.floats(chunk.values)
            for i in range(len(chunk.keys) // 8):
                key = int.from_bytes(chunk.keys[i * 8 : i * 8 + 8], "little")
                assert key not in scanned
                assert client.partition(key).index == partition.index
                scanned[key] = values[i * DIMENSION : (i + 1) * DIMENSION]
    assert scanned == rows

    request.incarnation += 1
    with pytest.raises(grpc.RpcError) as caught:
        list(client.stub(partition).Scan(request, timeout=10))
    assert caught.value.code() == grpc.StatusCode.ABORTED


def test_a_large_scan_is_streamed_as_it_is_read(client, stubs):
    """More than the windows of HTTP/2 hold: the shard waits for a slow reader."""
    partition = client.job.table.partitions[0]
    keys = client.keys(0, 40_000)
    gradients = gradients_for(keys)
    for batch in range(4):
        some = {key: gradients[key] for key in keys[batch * 10_000 : (batch + 1) * 10_000]}
        client.push(some, client.identity(batch=batch))
    request = stubs.shard_pb2.ScanRequest(
        cluster_id=client.cluster,
        table=client.job.table.id,
        partition=0,
        incarnation=partition.incarnation,
    )
    scan = client.stub(partition).Scan(request, timeout=30)
    count = len(next(scan).keys) // 8
    # Pulls on the same connection are not held up by it.
    assert len(client.pull(keys[:10])) == 10
    chunks = [len(chunk.keys) // 8 for chunk in scan]
    assert chunks, "it was to take more than one message"
    assert count + sum(chunks) == len(keys)

    abandoned = client.stub(partition).Scan(request, timeout=30)
    next(abandoned)
    abandoned.cancel()
    assert len(client.pull(keys[:10])) == 10
