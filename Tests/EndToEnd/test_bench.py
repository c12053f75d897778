"""`lehr bench rpc`: that it measures both sides and says so; never how fast they were."""

import json

import pytest


def bench(sandbox, *arguments, status=0):
    return sandbox.run("bench", "rpc", *arguments, status=status, seconds=60)


def test_a_quick_run_reports_both_sides(sandbox):
    report = json.loads(bench(sandbox, "--quick", "--only", "nghttpd", "--json").stdout)
    assert report["benchmark"] == "rpc" and report["quick"] and report["skipped"] == report["broken"] == []
    figures = {figure["name"]: figure for figure in report["figures"]}
    assert {"cpu-nghttpd-64", "rate-nghttpd-1", "rate-nghttpd-8", "rate-nghttpd-64"} <= set(figures)
    for figure in figures.values():
        ours, theirs = figure["lehr"], figure["reference"]
        assert theirs["name"] == "nghttpd"
        assert len(ours["values"]) == len(theirs["values"]) == report["rounds"]
        ratios = [a / b for a, b in zip(ours["values"], theirs["values"])]
        assert figure["ratio"]["values"] == pytest.approx(ratios)
        assert min(ours["values"] + theirs["values"]) > 0


def test_a_missing_reference_is_named_and_left_out(sandbox):
    done = bench(
        sandbox,
        *("--quick", "--only", "grpc-swift", "--grpc-swift-server", "nowhere", "--gate", "--json"),
        # What was not measured has met no target.
        status=1,
    )
    report = json.loads(done.stdout)
    assert report["figures"] == []
    (skipped,) = report["skipped"]
    assert skipped["measure"] == "grpc-swift" and "nowhere" in skipped["reason"]


def test_an_unknown_measure(sandbox):
    done = bench(sandbox, "--only", "everything", status=64)
    assert "there is no measure 'everything'; expected one of nghttpd" in done.stderr


def test_moves_are_measured(sandbox):
    done = sandbox.run("bench", "moves", "--quick", "--rows", 10_000, "--json", seconds=120)
    report = json.loads(done.stdout)
    assert report["benchmark"] == "moves" and not report["broken"] and not report["skipped"]
    figures = {figure["name"]: figure for figure in report["figures"]}
    assert {"pause", "throughput", "cost"} <= set(figures)
    for figure in figures.values():
        assert min(figure["lehr"]["values"]) > 0
