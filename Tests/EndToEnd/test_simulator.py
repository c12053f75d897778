"""The simulator: one seed, one course of events, whichever process it runs in."""

import collections
import concurrent.futures
import os
import re
import subprocess

RUNS = 60
PROCESSES = 2


def simulate(simulator, *arguments):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SWIFT_")}
    done = subprocess.run(
        [simulator, *map(str, arguments)], env=clean, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_many_processes_agree(simulator):
    with concurrent.futures.ThreadPoolExecutor(PROCESSES) as pool:
        outputs = pool.map(lambda _: simulate(simulator, "--seed", 7), range(RUNS))
        found = collections.Counter(outputs)
    assert list(found.values()) == [RUNS], found
    (output,) = found
    line = output.splitlines()[1]
    assert re.fullmatch(
        r"seed 7: [1-9]\d* events, [1-9]\d* jobs, [1-9]\d* lines, log [0-9a-f]+", line
    )


def test_seeds_differ(simulator):
    outcomes = {
        simulate(simulator, "--seed", seed, "--scenario", "nothing happens").split("log ")[1]
        for seed in range(1, 11)
    }
    assert len(outcomes) == 10


def test_the_log_is_the_same_too(simulator):
    # Everything that can fail is part of this course.
    arguments = ("--seed", 3, "--scenario", "everything: whatever fails", "--log")
    log = simulate(simulator, *arguments)
    assert log == simulate(simulator, *arguments)
    for fault in ("kill ", "restart ", "pause ", "cut ", "twins ", "disk: "):
        assert re.search(rf"^\d+ {fault}", log, re.MULTILINE), fault


def test_a_search_goes_over_the_scenarios(simulator):
    scenarios = simulate(simulator, "--list").splitlines()
    assert len(scenarios) > 20
    found = simulate(simulator, "--seeds", len(scenarios), "--first", 100)
    assert found.endswith("no promise was broken\n")


def test_an_unknown_scenario_is_refused(simulator):
    done = subprocess.run(
        [simulator, "--scenario", "no such"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode != 0 and "--list" in done.stderr
