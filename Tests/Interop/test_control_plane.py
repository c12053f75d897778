"""The coordinator, asked by stubs that stock `protoc` generates."""

import concurrent.futures
import threading
import time

import grpc
import pytest

from Support.renewals import Renewals
from Support.waiting import wait_until


@pytest.fixture(scope="module")
def messages(stubs):
    return stubs.coordinator_pb2


@pytest.fixture
def renewals(coordinator, messages):
    renewals = Renewals(coordinator, messages)
    yield renewals
    renewals.close()


def submitted(coordinator, messages, spec):
    return coordinator.SubmitJob(messages.SubmitJobRequest(spec=spec), timeout=10)


def test_members(coordinator, cluster, messages):
    answer = coordinator.ListMembers(messages.ListMembersRequest(), timeout=10)
    assert answer.cluster_id != 0
    members = {member.name: member for member in answer.members}
    assert set(members) >= {"shard-0", "shard-1"}
    assert members["shard-0"].role == messages.ROLE_SHARD
    assert len(members["shard-0"].core_addresses) == 2
    assert members["shard-1"].core_addresses == [cluster.shards[1].grpc]
    assert 0 < members["shard-0"].lease_remaining_ms <= 2000


def test_a_job(coordinator, messages, spec):
    job = submitted(coordinator, messages, spec)
    assert (job.name, job.state) == ("interop", messages.JOB_STATE_RUNNING)
    assert job.spec == spec
    assert (job.epochs, job.parts) == (1, 2)

    listed = coordinator.ListJobs(messages.ListJobsRequest(), timeout=10).jobs
    assert job.id in [one.id for one in listed]
    by_number = coordinator.GetJob(messages.GetJobRequest(job=str(job.id)), timeout=10)
    assert by_number.id == job.id
    # Of several of a name, the newest.
    newer = submitted(coordinator, messages, spec)
    by_name = coordinator.GetJob(messages.GetJobRequest(job="interop"), timeout=10)
    assert by_name.id == newer.id > job.id

    stopped = coordinator.StopJob(messages.GetJobRequest(job=str(job.id)), timeout=10)
    assert stopped.state == messages.JOB_STATE_STOPPED


def test_a_wrong_job(coordinator, messages, spec, refused):
    wrong = spec.replace("epochs: 1", "epochs: many").replace("partitions: 8", "partitions: 7")
    request = messages.SubmitJobRequest(spec=wrong)
    problems = refused(grpc.StatusCode.INVALID_ARGUMENT, coordinator.SubmitJob, request)
    assert "training.epochs" in problems and "partitions" in problems
    unknown = messages.GetJobRequest(job="nothing")
    problem = refused(grpc.StatusCode.NOT_FOUND, coordinator.GetJob, unknown)
    assert 'no job "nothing"' in problem


def test_the_map_is_watched(coordinator, messages, spec):
    watch = coordinator.WatchClusterMap(messages.GetClusterMapRequest(), timeout=30)
    first = next(watch)
    assert {member.name for member in first.members} >= {"shard-0", "shard-1"}
    job = submitted(coordinator, messages, spec)
    versions = [first.version]
    for map in watch:
        versions.append(map.version)
        tables = [table for table in map.tables if table.job == job.id]
        if tables:
            break
    assert versions == sorted(set(versions)), "versions never go back"

    assert [table.spec.name for table in tables] == ["user", "item", "item-bias"]
    for table in tables:
        assert [partition.index for partition in table.partitions] == list(range(8))
        assert sum(partition.bucket_count for partition in table.partitions) == 65536
        assert {partition.owner for partition in table.partitions} == {"shard-0", "shard-1"}
        assert all(partition.incarnation > 0 for partition in table.partitions)
    assert tables[0].spec.optimizer.kind == messages.Optimizer.SGD
    assert tables[0].spec.optimizer.learning_rate == 0.5

    watch.cancel()
    with pytest.raises(grpc.RpcError) as caught:
        next(watch)
    assert caught.value.code() == grpc.StatusCode.CANCELLED
    # The connection is as good as before.
    now = coordinator.GetClusterMap(messages.GetClusterMapRequest(), timeout=10)
    assert now.version >= versions[-1]


def test_a_job_is_watched_to_its_end(coordinator, messages, spec):
    job = submitted(coordinator, messages, spec)
    name = messages.GetJobRequest(job=str(job.id))
    watch = coordinator.WatchJob(name, timeout=30)
    assert next(watch).state == messages.JOB_STATE_RUNNING
    coordinator.StopJob(name, timeout=10)
    # Ends by itself, with the last state last.
    assert [state.state for state in watch][-1] == messages.JOB_STATE_STOPPED
    assert watch.code() == grpc.StatusCode.OK


def test_many_watchers_on_one_connection(coordinator, messages, spec):
    watches = [
        coordinator.WatchClusterMap(messages.GetClusterMapRequest(), timeout=30) for _ in range(50)
    ]
    for watch in watches:
        next(watch)
    job = submitted(coordinator, messages, spec)
    for watch in watches:
        assert any(any(table.job == job.id for table in map.tables) for map in watch)
        watch.cancel()


def join(coordinator, messages, name, role, **fields):
    request = messages.JoinRequest(name=name, role=role, http_address="127.0.0.1:1", **fields)
    return coordinator.Join(request, timeout=10)


def placement(coordinator, messages, job):
    """What reports of a worker say that its acknowledgements came from."""
    map = coordinator.GetClusterMap(messages.GetClusterMapRequest(), timeout=10)
    tables = [table for table in map.tables if table.job == job.id]
    return max(partition.incarnation for table in tables for partition in table.partitions)


def test_a_foreign_worker(coordinator, messages, renewals, spec, data, refused):
    """All that a worker says to the coordinator, said by another implementation."""
    lease = join(coordinator, messages, "python", messages.ROLE_WORKER)
    assert (lease.ttl_ms, lease.heartbeat_ms) == (2000, 500)
    beating = threading.Event()

    def beat():
        while not beating.wait(0.3):
            assert renewals.ended(lease.incarnation) == []

    heart = threading.Thread(target=beat)
    heart.start()
    try:
        job = submitted(coordinator, messages, spec)
        acquire = messages.AcquireTaskRequest(
            worker="python", incarnation=lease.incarnation, wait_ms=5000
        )

        def next_task():
            """The tests before have left jobs, whose turn comes first."""
            task = coordinator.AcquireTask(acquire, timeout=10)
            if task.job == job.id:
                return task
            coordinator.StopJob(messages.GetJobRequest(job=str(task.job)), timeout=10)
            return None

        task = wait_until(next_task, 10, "a task of the job")
        assert task.kind == messages.TASK_KIND_TRAIN
        assert (task.generation, task.part, task.epoch, task.attempt) == (1, 0, 0, 1)
        assert task.path == str(data / "train-00000.tsv.gz")

        # Nobody else has it, and whoever asks anew gets it anew.
        again = coordinator.AcquireTask(acquire, timeout=10)
        assert (again.job, again.part, again.attempt) == (job.id, 0, 2)
        report = messages.ReportTaskRequest(
            worker="python",
            incarnation=lease.incarnation,
            kind=again.kind,
            job=again.job,
            generation=again.generation,
            part=again.part,
            attempt=1,
            floor=3,
            batches=20,
            samples=96,
            placement=placement(coordinator, messages, job),
        )
        assert not coordinator.ReportTask(report, timeout=10).proceed, "an older attempt's report"
        name = messages.GetJobRequest(job=str(job.id))
        assert coordinator.GetJob(name, timeout=10).samples_done == 0
        report.attempt = 2
        report.placement -= 1
        assert coordinator.ReportTask(report, timeout=10).proceed
        state = coordinator.GetJob(name, timeout=10)
        assert state.samples_done == 0, "acknowledged under another placement"
        report.placement += 1
        assert coordinator.ReportTask(report, timeout=10).proceed
        state = coordinator.GetJob(name, timeout=10)
        assert (state.samples_done, state.batches_done, state.workers) == (96, 3, 1)

        report.failure = "python has had enough"
        coordinator.ReportTask(report, timeout=10)
        state = coordinator.GetJob(name, timeout=10)
        assert state.state == messages.JOB_STATE_FAILED
        assert "python has had enough" in state.message
    finally:
        beating.set()
        heart.join(10)
    leave = messages.LeaveRequest(name="python", incarnation=lease.incarnation)
    coordinator.Leave(leave, timeout=10)
    assert renewals.ended(lease.incarnation) == [lease.incarnation]
    refused(grpc.StatusCode.NOT_FOUND, coordinator.AcquireTask, acquire)


def test_a_lease_that_is_not_renewed(coordinator, messages, renewals):
    lease = join(coordinator, messages, "silent", messages.ROLE_SERVING)

    def names():
        answer = coordinator.ListMembers(messages.ListMembersRequest(), timeout=10)
        return [member.name for member in answer.members]

    begin = time.monotonic()
    assert "silent" in names()
    wait_until(lambda: "silent" not in names(), 10, "the lease ends")
    assert 1.5 < time.monotonic() - begin < 4
    assert renewals.ended(lease.incarnation) == [lease.incarnation]


def test_many_leases_are_renewed_at_once(coordinator, messages, renewals):
    leases = [join(coordinator, messages, f"many-{i}", messages.ROLE_SERVING) for i in range(3)]
    lives = [lease.incarnation for lease in leases]
    begin = time.monotonic()
    while time.monotonic() - begin < 3:
        answer = renewals.send(*lives)
        assert (answer.ttl_ms, list(answer.ended)) == (2000, [])
        time.sleep(0.3)
    assert answer.map_version > 0
    coordinator.Leave(messages.LeaveRequest(incarnation=lives[1]), timeout=10)
    assert renewals.ended(*lives) == [lives[1]]


def test_renewing_wrongly(coordinator, messages):
    for lives in ([], [1] * 257):
        with pytest.raises(grpc.RpcError) as caught:
            Renewals(coordinator, messages).send(*lives)
        assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        assert "1 to 256" in caught.value.details()


def test_a_name_is_taken_over(coordinator, messages, renewals, refused):
    def process(number, life=1):
        return {"process_id": number, "process_life": life}

    first = join(coordinator, messages, "twin", messages.ROLE_SERVING, **process(1))
    again = join(coordinator, messages, "twin", messages.ROLE_SERVING, **process(1))
    assert again.incarnation == first.incarnation, "a Join that is sent again"
    request = messages.JoinRequest(name="twin", role=messages.ROLE_SERVING, **process(2))
    problem = refused(grpc.StatusCode.ALREADY_EXISTS, coordinator.Join, request)
    assert "after 1000 ms of silence its name is free" in problem

    def taken():
        try:
            return coordinator.Join(request, timeout=10)
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.ALREADY_EXISTS
            return None

    second = wait_until(taken, 5, "the name is free")
    assert second.incarnation > first.incarnation
    assert renewals.ended(first.incarnation, second.incarnation) == [first.incarnation]


def test_joining_wrongly(coordinator, messages, refused):
    def request(**fields):
        return messages.JoinRequest(**{"name": "x", "role": messages.ROLE_WORKER, **fields})

    invalid = grpc.StatusCode.INVALID_ARGUMENT
    assert "member name" in refused(invalid, coordinator.Join, request(name="two words"))
    assert "member name" in refused(invalid, coordinator.Join, request(name=""))
    assert refused(invalid, coordinator.Join, request(role=messages.ROLE_UNSPECIFIED))
    assert refused(invalid, coordinator.Join, request(role=messages.ROLE_SHARD))
    other = request(cluster_id=12345)
    problem = refused(grpc.StatusCode.FAILED_PRECONDITION, coordinator.Join, other)
    assert "0000000000003039" in problem


def test_deadlines(coordinator, messages, refused):
    late = grpc.StatusCode.DEADLINE_EXCEEDED
    watch = coordinator.WatchClusterMap(messages.GetClusterMapRequest(), timeout=0.3)
    next(watch)
    with pytest.raises(grpc.RpcError) as caught:
        while True:
            next(watch)
    assert caught.value.code() == late

    lease = join(coordinator, messages, "waiting", messages.ROLE_WORKER)
    for job in coordinator.ListJobs(messages.ListJobsRequest(), timeout=10).jobs:
        coordinator.StopJob(messages.GetJobRequest(job=str(job.id)), timeout=10)
    acquire = messages.AcquireTaskRequest(incarnation=lease.incarnation, wait_ms=5000)
    refused(late, coordinator.AcquireTask, acquire, timeout=0.3)
    # Shorter than the deadline: there is no task, and that is an answer.
    acquire.wait_ms = 100
    task = coordinator.AcquireTask(acquire, timeout=10)
    assert task.kind == messages.TASK_KIND_NONE


def test_calls_at_once(coordinator, messages):
    def ask(_):
        return coordinator.ListMembers(messages.ListMembersRequest(), timeout=20).cluster_id

    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        assert len(set(pool.map(ask, range(1000)))) == 1
