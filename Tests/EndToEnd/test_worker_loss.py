"""A worker is lost in the middle of training, and that changes nothing."""

import re
import signal

from Support.waiting import wait_until


def attempts(worker):
    """The attempts of training parts that this worker has begun: `{part: (attempt, first)}`."""
    return {
        int(found["part"]): (int(found["attempt"]), int(found["first"]))
        for found in re.finditer(
            r"attempt=(?P<attempt>\d+) first\.batch=(?P<first>\d+) .*kind=train "
            r"part=(?P<part>\d+) .*a task begins",
            worker.log,
        )
    }


def in_the_middle(cluster, long_job):
    job = cluster.submit(long_job)
    cluster.wait_for_progress(job, 0.2)
    return job


def part_taken_over(lost, other):
    """Waits until `other` begins the part that `lost` was at; its attempt and first batch."""
    part = max(attempts(lost))
    attempt = attempts(lost)[part][0]
    wait_until(
        lambda: attempts(other).get(part, (0, 0))[0] == attempt + 1,
        30,
        f"part {part} is leased again",
    )
    return attempts(other)[part]


def test_killed(make_cluster, long_job, assert_as_undisturbed):
    cluster = make_cluster()
    job = in_the_middle(cluster, long_job)
    lost, other = cluster.workers
    lost.kill()

    cluster.coordinator.wait_for(r"member=worker-0 .*a lease has ended", seconds=10)
    assert set(cluster.members()) == {"shard-0", "shard-1", "worker-1"}
    part_taken_over(lost, other)

    assert_as_undisturbed(cluster, job)
    # What was applied but not yet reported came a second time, and was dropped.
    assert cluster.repeats(job) > 0


def test_the_only_one_killed_and_replaced(make_cluster, long_job, assert_as_undisturbed):
    cluster = make_cluster(workers=1)
    job = in_the_middle(cluster, long_job)
    cluster.workers[0].kill()
    successor = cluster.worker("worker-0")

    # Its name is free after half a lease: nobody waited for the lease to end.
    assert part_taken_over(cluster.workers[0], successor)
    assert "a lease has ended" not in cluster.coordinator.log
    assert_as_undisturbed(cluster, job)


def test_told_to_end(make_cluster, long_job, assert_as_undisturbed):
    cluster = make_cluster()
    job = in_the_middle(cluster, long_job)
    status, seconds = cluster.workers[0].terminate()
    assert status == 0
    assert seconds < 2

    # It gave its lease back: nobody waited for the lease to end.
    assert "worker-0" not in cluster.members()
    part_taken_over(*cluster.workers)
    assert "a lease has ended" not in cluster.coordinator.log
    assert_as_undisturbed(cluster, job)


def test_stopped_until_its_lease_has_ended(make_cluster, long_job, assert_as_undisturbed):
    cluster = make_cluster()
    job = in_the_middle(cluster, long_job)
    frozen, other = cluster.workers
    frozen.signal(signal.SIGSTOP)
    cluster.coordinator.wait_for(r"member=worker-0 .*a lease has ended", seconds=10)
    part_taken_over(frozen, other)
    frozen.signal(signal.SIGCONT)

    # What it had under way is a repeat by now, or is one later.
    frozen.wait_for("the lease has ended, joining anew")
    assert_as_undisturbed(cluster, job)
