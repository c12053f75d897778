"""As much of a Kubernetes API as Helm asks for while it installs: the kinds that there are, and nothing
in it. What is created is echoed and forgotten."""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# Group and version of each kind that a chart of ours may have, with the plural.
KINDS = {
    "v1": {
        "ConfigMap": "configmaps", "Secret": "secrets", "Service": "services",
        "ServiceAccount": "serviceaccounts", "PersistentVolumeClaim": "persistentvolumeclaims",
    },
    "apps/v1": {"Deployment": "deployments", "StatefulSet": "statefulsets"},
    "policy/v1": {"PodDisruptionBudget": "poddisruptionbudgets"},
    "autoscaling/v2": {"HorizontalPodAutoscaler": "horizontalpodautoscalers"},
    "networking.k8s.io/v1": {"NetworkPolicy": "networkpolicies"},
}
BODY_BYTES_MAX = 4 << 20


def _group(name):
    group, version = name.split("/")
    entry = {"groupVersion": name, "version": version}
    return {"name": group, "versions": [entry], "preferredVersion": entry}


def _resources(name):
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": name,
        "resources": [
            {
                "name": plural, "singularName": kind.lower(), "kind": kind, "namespaced": True,
                "verbs": ["create", "get", "list", "patch", "update", "delete"],
            }
            for kind, plural in KINDS[name].items()
        ],
    }


DISCOVERY = {
    "/version": {"major": "1", "minor": "31", "gitVersion": "v1.31.0"},
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {
        "kind": "APIGroupList", "apiVersion": "v1",
        "groups": [_group(name) for name in KINDS if "/" in name],
    },
    **{("/apis/" if "/" in name else "/api/") + name: _resources(name) for name in KINDS},
}
NOT_FOUND = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound",
             "code": 404, "message": "not found"}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def _answer(self, status, body, kind="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _json(self, status, value):
        self._answer(status, json.dumps(value).encode())

    def do_GET(self):
        path = self.path.partition("?")[0].rstrip("/")
        if path in DISCOVERY:
            return self._json(200, DISCOVERY[path])
        # A collection is empty, an object is not there.
        listed = re.fullmatch(r"/apis?/(.+)/namespaces/[^/]+/([a-z]+)", path)
        for kind, plural in KINDS.get(listed[1] if listed else "", {}).items():
            if plural == listed[2]:
                return self._json(200, {"kind": f"{kind}List", "apiVersion": listed[1],
                                        "metadata": {"resourceVersion": "1"}, "items": []})
        self._json(404, NOT_FOUND)

    def _echo(self):
        length = int(self.headers.get("Content-Length") or 0)
        if length > BODY_BYTES_MAX:
            return self._json(413, NOT_FOUND)
        kind = self.headers.get("Content-Type", "application/json")
        body = self.rfile.read(length)
        self._answer(201 if self.command == "POST" else 200, body, kind)

    do_POST = do_PUT = do_PATCH = _echo


def start():
    """Serves on loopback until the process ends; returns the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"
