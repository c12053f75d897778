"""The real Helm engine, without a cluster: lint, and the manifests that an install would make."""

import asyncio
import functools
import json

import helm_sdkpy
import yaml

import kubernetes_api

KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters: [{{name: none, cluster: {{server: "{server}"}}}}]
users: [{{name: none, user: {{}}}}]
contexts: [{{name: none, context: {{cluster: none, user: none, namespace: demo}}}}]
current-context: none
"""


class Refused(Exception):
    """The engine takes neither the chart nor the values; its message is for people."""


@functools.cache
def _configuration():
    kubeconfig = KUBECONFIG.format(server=kubernetes_api.start())
    return helm_sdkpy.Configuration(namespace="demo", kubeconfig=kubeconfig)


def lint(chart):
    """What lint has to say of severity 2 (a warning) or more."""
    found = asyncio.run(helm_sdkpy.Lint(_configuration()).run(str(chart)))
    messages = found.get("Messages", found.get("messages")) or []
    return [m for m in messages if m.get("Severity", m.get("severity", 3)) >= 2]


def install(chart, values, name="demo"):
    """The release as the engine tells it."""
    action = helm_sdkpy.Install(_configuration())
    try:
        return asyncio.run(action.run(name, str(chart), values=values, wait=False, timeout=20))
    except helm_sdkpy.HelmError as error:
        raise Refused(str(error)) from error


def render(chart, values, name="demo"):
    """The objects, in the order of the manifest."""
    manifest = install(chart, values, name)["manifest"]
    return [each for each in yaml.safe_load_all(manifest) if each]


def copy(values):
    return json.loads(json.dumps(values))
