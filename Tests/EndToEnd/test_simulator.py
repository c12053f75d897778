"""The simulator: one seed, one course of events, whichever process it runs in."""

import collections
import concurrent.futures
import os
import re
import subprocess

RUNS = 1000
PROCESSES = 2


def simulate(simulator, *arguments):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SWIFT_")}
    done = subprocess.run(
        [simulator, *map(str, arguments)], env=clean, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_thousand_processes_agree(simulator):
    with concurrent.futures.ThreadPoolExecutor(PROCESSES) as pool:
        lines = pool.map(lambda _: simulate(simulator, "--seed", 7), range(RUNS))
        found = collections.Counter(lines)
    assert list(found.values()) == [RUNS], found
    (line,) = found
    assert re.fullmatch(r"seed 7: [1-9]\d* events, [1-9]\d* lines, log [0-9a-f]+\n", line)


def test_seeds_differ(simulator):
    outcomes = {simulate(simulator, "--seed", seed).partition(":")[2] for seed in range(1, 11)}
    assert len(outcomes) == 10


def test_the_log_is_the_same_too(simulator):
    log = simulate(simulator, "--seed", 3, "--log")
    assert log == simulate(simulator, "--seed", 3, "--log")
    # Faults are part of every course.
    assert "kill worker-" in log and "kill coordinator" in log
