"""What the objects of a rendered chart say to each other."""

import collections

ROLES = ("coordinator", "shard", "worker", "serving", "client")
WORKLOADS = ("Deployment", "StatefulSet")


class Objects:
    def __init__(self, objects):
        self.all = objects

    def of(self, kind):
        return [each for each in self.all if each["kind"] == kind]

    def named(self, kind, name):
        found = [each for each in self.of(kind) if each["metadata"]["name"] == name]
        assert len(found) == 1, f"{len(found)} {kind} {name}"
        return found[0]

    def role(self, kind, role):
        """The role's object of that kind; None without."""
        found = [each for each in self.of(kind) if component(each["metadata"]["labels"]) == role]
        assert len(found) <= 1
        return found[0] if found else None

    def workloads(self):
        """`{role: workload}`."""
        return {
            component(each["metadata"]["labels"]): each
            for kind in WORKLOADS for each in self.of(kind)
        }

    def pods(self):
        """`{role: (labels, spec, container)}` of the pods that there will be."""
        pods = {}
        for role, workload in self.workloads().items():
            template = workload["spec"]["template"]
            (container,) = template["spec"]["containers"]
            pods[role] = Pod(template["metadata"]["labels"], template["spec"], container)
        return pods

    def selected(self, selector):
        """Roles whose pods a selector selects."""
        return {role for role, pod in self.pods().items() if matches(selector, pod.labels)}


Pod = collections.namedtuple("Pod", "labels spec container")


def component(labels):
    return labels.get("app.kubernetes.io/component")


def matches(selector, labels):
    return selector.items() <= labels.items()


def container_ports(pod):
    return {port["name"]: port["containerPort"] for port in pod.container.get("ports", [])}


def mounts(pod):
    return {mount["mountPath"]: mount for mount in pod.container["volumeMounts"]}


def volumes(pod):
    return {volume["name"]: volume for volume in pod.spec["volumes"]}


def environment(pod):
    return {entry["name"]: entry for entry in pod.container.get("env", [])}


# Network policies, as a network that enforces them judges.


def admits(objects, caller, callee, port):
    """Whether the policies let the pods of one role connect to a TCP port of another's."""
    pods = objects.pods()
    return (
        _side(objects, pods[caller], "egress", "to", pods[callee], port)
        and _side(objects, pods[callee], "ingress", "from", pods[caller], port)
    )


def _side(objects, pod, direction, peers_key, peer, port):
    judged = [
        policy["spec"] for policy in objects.of("NetworkPolicy")
        if matches(policy["spec"]["podSelector"].get("matchLabels", {}), pod.labels)
        and direction.capitalize() in policy["spec"]["policyTypes"]
    ]
    if not judged:
        return True
    rules = [rule for spec in judged for rule in spec.get(direction) or []]
    return any(
        any(_is_port(p, port) for p in rule.get("ports", [{}]))
        and any(_is_peer(p, peer) for p in rule.get(peers_key, [{}]))
        for rule in rules
    )


def _is_port(rule, port):
    if rule.get("protocol", "TCP") != "TCP":
        return False
    first = rule.get("port", 1)
    return first <= port <= rule.get("endPort", first if "port" in rule else 65535)


def _is_peer(rule, pod):
    if "podSelector" not in rule:
        # Pods of all namespaces, or nobody whom these tests know.
        return "ipBlock" not in rule
    return matches(rule["podSelector"].get("matchLabels", {}), pod.labels)
