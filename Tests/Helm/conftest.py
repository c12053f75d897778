"""The chart, rendered with each of several sets of values."""

import functools
import re
import subprocess

import pytest

import engine
from chart_objects import Objects

SECRETS = {role: f"{role}-certificates" for role in
           ("coordinator", "shard", "worker", "serving", "client")}
PLACEMENT = {
    "podAnnotations": {"a": "b"}, "podLabels": {"team": "ads"}, "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"key": "dedicated", "operator": "Exists"}],
    "affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
        {"weight": 1, "podAffinityTerm": {"topologyKey": "kubernetes.io/hostname",
                                          "labelSelector": {"matchLabels": {"team": "ads"}}}}]}},
    "topologySpreadConstraints": [
        {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway",
         "labelSelector": {"matchLabels": {"team": "ads"}}}],
    "priorityClassName": "high",
}
MATRIX = {
    "defaults": {},
    "everything": {
        "fullnameOverride": "recs", "commonLabels": {"team": "ads"}, "logLevel": "debug",
        "image": {"registry": "registry.example:5000", "repository": "ml/lehr", "tag": "1.2.3"},
        "imagePullSecrets": [{"name": "pull"}],
        "tls": {"enabled": True, "existingSecrets": SECRETS},
        "tokens": {"existingSecret": "people"},
        "coordinator": {**PLACEMENT, "settings": {"lease-ttl": "20s", "heartbeat": "2s"}},
        "shard": {**PLACEMENT, "cores": 4, "memory": "16Gi", "drainSeconds": 30,
                  "handOverSeconds": 600},
        "worker": {**PLACEMENT, "settings": {"block-cache": "1GiB", "poll": "block"}},
        "serving": {**PLACEMENT, "replicas": 1,
                    "service": {"type": "LoadBalancer", "annotations": {"a": "b"}}},
        "client": PLACEMENT,
        "networkPolicy": {"metricsFrom": [{"namespaceSelector": {"matchLabels": {"m": "yes"}}}]},
        "serviceAccount": {"annotations": {"role": "x"}},
    },
    "autoscaled": {"serving": {"autoscaling": {"enabled": True, "maxReplicas": 4}}},
    "many shards": {"shard": {"replicas": 200, "cores": 64, "memory": "256Gi", "drainSeconds": 0}},
    "what exists": {
        "tls": {"enabled": True, "existingSecrets": SECRETS}, "serving": {"replicas": 1},
        "coordinator": {"persistence": {"existingClaim": "old-state"}},
        "datasets": {"existingClaim": "lake"}, "models": {"existingClaim": "registry"},
    },
    "bare": {
        "serviceAccount": {"create": False}, "networkPolicy": {"enabled": False},
        "client": {"enabled": False},
        **{role: {"pdb": {"enabled": False}} for role in ("worker", "serving")},
        "coordinator": {"persistence": {"enabled": False}, "pdb": {"enabled": False}},
        "shard": {"persistence": {"enabled": False}, "pdb": {"enabled": False}, "cores": 1},
    },
    "a long name": {"fullnameOverride": "n" * 63},
}


@pytest.fixture(scope="session")
def chart(root):
    return root / "helm" / "lehr"


@pytest.fixture(scope="session")
def rendered(chart):
    """`rendered(NAME)`: the objects of a set of values, made once."""

    @functools.cache
    def render(name):
        return Objects(engine.render(chart, MATRIX[name]))

    return render


@pytest.fixture(params=MATRIX)
def case(request):
    return request.param


@pytest.fixture
def objects(case, rendered):
    return rendered(case)


@pytest.fixture(scope="session")
def print_config(binary):
    """`print_config(ROLE, *flags, environment={})`: each setting with its value, by the binary."""

    def run(role, *flags, environment=None):
        done = subprocess.run(
            [binary, role, *map(str, flags), "--print-config"], env=environment or {},
            capture_output=True, text=True, timeout=20,
        )
        assert done.returncode == 0, done.stderr
        rows = done.stdout.splitlines()[1:]
        return dict(re.split(r"\s+", row.strip(), maxsplit=2)[:2] for row in rows if row.strip())

    return run
