"""The objects fit together, and what they run is what the binary knows."""

import re

import pytest

import engine
from chart_objects import (
    Objects, component, container_ports, environment, matches, mounts, volumes,
)
from Support.image import image_environment

SETTINGS_ROLES = ("coordinator", "shard", "worker", "serving")
CLIENT_VARIABLES = {"LEHR_COORDINATOR", "LEHR_TLS_CA", "LEHR_TLS_CERT", "LEHR_TLS_KEY"}


def setting(variable):
    return variable.removeprefix("LEHR_").lower().replace("_", "-")


# Who selects whom.


def test_selectors_select_the_pods_of_their_role(objects):
    for workload in objects.workloads().values():
        spec = workload["spec"]
        assert matches(spec["selector"]["matchLabels"], spec["template"]["metadata"]["labels"])
    found = 0
    for kind in ("Service", "PodDisruptionBudget", "NetworkPolicy"):
        for each in objects.of(kind):
            spec = each["spec"]
            selector = spec.get("podSelector", spec.get("selector"))
            selected = objects.selected(selector.get("matchLabels", selector))
            assert selected == {component(each["metadata"]["labels"])}, each["metadata"]["name"]
            found += 1
    assert found >= 4


def test_labels_are_the_recommended_ones(objects):
    for each in objects.all:
        labels = each["metadata"]["labels"]
        for name in ("name", "instance", "component", "part-of", "version", "managed-by"):
            assert labels[f"app.kubernetes.io/{name}"], each["metadata"]["name"]


def test_governing_services_exist(objects):
    for each in objects.of("StatefulSet"):
        assert objects.named("Service", each["spec"]["serviceName"])


def test_autoscaler_targets_serving(rendered):
    objects = rendered("autoscaled")
    (scaler,) = objects.of("HorizontalPodAutoscaler")
    target = scaler["spec"]["scaleTargetRef"]
    assert "replicas" not in objects.named(target["kind"], target["name"])["spec"]
    assert not rendered("defaults").of("HorizontalPodAutoscaler")


# Ports.


def test_ports_of_services_and_probes_exist(objects):
    pods = objects.pods()
    for service in objects.of("Service"):
        ports = container_ports(pods[component(service["metadata"]["labels"])])
        for port in service["spec"]["ports"]:
            assert port["targetPort"] in ports
            if service["spec"].get("clusterIP") == "None":
                # A headless name leads to the container's own port.
                assert port["port"] == ports[port["targetPort"]]
    for role in SETTINGS_ROLES:
        container = pods[role].container
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            get = container[probe]["httpGet"]
            assert get["port"] in container_ports(pods[role])
            assert get["path"] == ("/readyz" if probe == "readinessProbe" else "/healthz")


def test_every_core_of_a_shard_has_its_port_everywhere(objects):
    pod = objects.pods()["shard"]
    resources = pod.container["resources"]
    cores = resources["limits"]["cpu"]
    assert isinstance(cores, int) and resources["requests"] == resources["limits"]
    expected = list(range(7200, 7200 + cores))
    named = container_ports(pod)
    assert [named[f"grpc-{core}"] for core in range(cores)] == expected
    assert len(named) == cores + 1
    service = objects.role("Service", "shard")
    assert [p["port"] for p in service["spec"]["ports"] if p["name"] != "http"] == expected
    field = environment(pod)["LEHR_CORES"]["valueFrom"]["resourceFieldRef"]
    assert field["resource"] == "limits.cpu" and field["containerName"] == pod.container["name"]
    policy = objects.role("NetworkPolicy", "shard")
    for rule in policy["spec"]["ingress"] if policy else []:
        for port in rule["ports"]:
            if port["port"] == 7200:
                assert port["endPort"] == expected[-1]


def test_processors_are_whole(objects):
    for role, pod in objects.pods().items():
        assert isinstance(pod.container["resources"]["limits"]["cpu"], int), role


# References.


def test_everything_referred_to_exists(objects, case):
    pods = objects.pods()
    claims = {each["metadata"]["name"] for each in objects.of("PersistentVolumeClaim")}
    if case == "what exists":
        assert not claims
        claims = {"lake", "registry", "old-state"}
    secrets = {f"{role}-certificates" for role in pods} | {"people"}
    for role, pod in pods.items():
        templates = objects.workloads()[role]["spec"].get("volumeClaimTemplates", [])
        made = {each["metadata"]["name"] for each in templates}
        found = volumes(pod)
        for path, mount in mounts(pod).items():
            assert mount["name"] in found or mount["name"] in made, path
        assert not made & set(found)
        for volume in found.values():
            if "configMap" in volume:
                assert objects.named("ConfigMap", volume["configMap"]["name"])
            if "secret" in volume:
                assert volume["secret"]["secretName"] in secrets
            if "persistentVolumeClaim" in volume:
                assert volume["persistentVolumeClaim"]["claimName"] in claims
        account = pod.spec["serviceAccountName"]
        assert account == "default" or objects.named("ServiceAccount", account)


def config_file(objects, role):
    """The text of the role's configuration file, at the path that its arguments name."""
    pod = objects.pods()[role]
    flag, path = pod.container["args"][1:]
    assert flag == "--config"
    folder, _, key = path.rpartition("/")
    volume = volumes(pod)[mounts(pod)[folder]["name"]]
    return objects.named("ConfigMap", volume["configMap"]["name"])["data"][key]


def test_the_binary_takes_what_the_chart_gives_it(root, objects, print_config, tmp_path):
    image = image_environment((root / "docker/Dockerfile").read_text())
    for role in SETTINGS_ROLES:
        pod = objects.pods()[role]
        assert pod.container["args"][0] == role
        file = tmp_path / f"{role}.yaml"
        file.write_text(config_file(objects, role))
        known = print_config(role)
        # As the kubelet fills them in.
        values = {"POD_NAME": f"demo-{role}-0"}
        for name, entry in environment(pod).items():
            if "value" in entry:
                values[name] = entry["value"].replace("$(POD_NAME)", values["POD_NAME"])
                assert "$(" not in values[name]
            elif "resourceFieldRef" in entry["valueFrom"]:
                values[name] = str(pod.container["resources"]["limits"]["cpu"])
            else:
                field = entry["valueFrom"]["fieldRef"]["fieldPath"]
                values[name] = {"metadata.name": values["POD_NAME"], "status.podIP": "fd00::7"}[field]
            if name != "POD_NAME":
                assert name.startswith("LEHR_") and setting(name) in known, name
        # An unknown setting in the file, or a value out of its range, is an error here.
        found = print_config(role, "--config", file, environment={**image, **values})
        assert found["log-format"] == "json"
        for name, value in values.items():
            if name != "POD_NAME":
                assert found[setting(name)] == value
        ports = container_ports(pod)
        assert int(found["http-listen"].rpartition(":")[2]) == ports["http"]
        if role != "worker":
            first = ports["grpc-0" if role == "shard" else "grpc"]
            assert int(found["listen"].rpartition(":")[2]) == first
        if role == "shard":
            assert int(found["cores"]) == len(ports) - 1


def test_members_find_the_coordinator(objects, print_config, tmp_path):
    service = objects.role("Service", "coordinator")
    expected = f"{service['metadata']['name']}:{service['spec']['ports'][0]['port']}"
    for role in ("shard", "worker", "serving"):
        file = tmp_path / "settings.yaml"
        file.write_text(config_file(objects, role))
        values = {"LEHR_ADVERTISE": "here"}
        if "LEHR_TLS_CA" in environment(objects.pods()[role]):
            values |= {f"LEHR_TLS_{part}": "x.pem" for part in ("CA", "CERT", "KEY")}
        assert print_config(role, "--config", file, environment=values)["coordinator"] == expected
    if "client" in objects.pods():
        client = environment(objects.pods()["client"])
        assert client["LEHR_COORDINATOR"]["value"] == expected
        assert {name for name in client if name.startswith("LEHR_")} <= CLIENT_VARIABLES


def test_certificates_are_named_as_the_command_names_them(rendered):
    pods = rendered("everything").pods()
    for role, pod in pods.items():
        name = f"recs-{role}" if role in ("serving", "client") else "$(POD_NAME)"
        for variable in ("LEHR_TLS_CERT", "LEHR_TLS_KEY"):
            assert environment(pod)[variable]["value"] == f"/etc/lehr/tls/{role}-{name}.pem"
        assert "LEHR_NAME" not in environment(pod)


def test_a_change_of_settings_changes_pods_of_that_role_only(chart, rendered):
    def sums(objects):
        return {role: each["spec"]["template"]["metadata"]["annotations"]["checksum/config"]
                for role, each in objects.workloads().items() if role != "client"}

    before = sums(rendered("defaults"))
    changed = Objects(engine.render(chart, {"worker": {"settings": {"block-cache": "1GiB"}}}))
    after = sums(changed)
    assert {role for role in before if before[role] != after[role]} == {"worker"}


# What pods may.


def test_pods_are_restricted(objects):
    """Kubernetes' restricted pod security standard, and a root that is read only."""
    for role, pod in objects.pods().items():
        context = pod.spec["securityContext"]
        assert context["runAsNonRoot"] is True and context["runAsUser"] == 10001
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        own = pod.container["securityContext"]
        assert own["allowPrivilegeEscalation"] is False and own["readOnlyRootFilesystem"] is True
        assert own["capabilities"] == {"drop": ["ALL"]}
        assert pod.spec["automountServiceAccountToken"] is False
        assert pod.spec["enableServiceLinks"] is False
        for key in ("hostNetwork", "hostPID", "hostIPC", "initContainers"):
            assert key not in pod.spec
        for volume in pod.spec["volumes"]:
            kinds = set(volume) - {"name"}
            assert kinds <= {"configMap", "emptyDir", "secret", "persistentVolumeClaim"}, role
    for account in objects.of("ServiceAccount"):
        assert account["automountServiceAccountToken"] is False


def test_only_the_client_writes_data_sets_and_models(objects):
    for role, pod in objects.pods().items():
        for path in ("/data/datasets", "/data/models"):
            mount = mounts(pod).get(path)
            if mount:
                assert mount.get("readOnly", False) == (role != "client"), (role, path)


def test_there_is_time_to_drain(objects, print_config, tmp_path):
    for role in SETTINGS_ROLES:
        pod = objects.pods()[role]
        file = tmp_path / "settings.yaml"
        file.write_text(re.sub(r"(?m)^(tls|tokens).*\n", "", config_file(objects, role)))
        settings = print_config(role, "--config", file, environment={
            "LEHR_INSECURE": "true", "LEHR_ADVERTISE": "x"})
        drain = sum(
            int(settings.get(name, "0s").removesuffix("s")) for name in ("drain", "hand-over"))
        hook = pod.container.get("lifecycle", {}).get("preStop", {}).get("exec", {})
        before = int(hook["command"][1]) if hook else 0
        # The binary takes five seconds more for what is not a call.
        assert pod.spec["terminationGracePeriodSeconds"] >= drain + before + 5


def test_no_time_to_drain_is_said_as_well(rendered):
    assert "drain: 0s" in config_file(rendered("many shards"), "shard").splitlines()


def test_shards_start_together_and_keep_their_names(objects):
    shard = objects.workloads()["shard"]
    assert shard["kind"] == "StatefulSet"
    assert shard["spec"]["podManagementPolicy"] == "Parallel"
    service = objects.named("Service", shard["spec"]["serviceName"])
    assert service["spec"]["clusterIP"] == "None"
    assert service["spec"]["publishNotReadyAddresses"] is True
    advertised = environment(objects.pods()["shard"])["LEHR_ADVERTISE"]["value"]
    assert advertised == f"$(POD_NAME).{service['metadata']['name']}"


def test_there_is_one_coordinator_with_a_place_for_its_state(objects, case):
    coordinator = objects.workloads()["coordinator"]
    assert coordinator["kind"] == "StatefulSet" and coordinator["spec"]["replicas"] == 1
    assert "/data/state" in mounts(objects.pods()["coordinator"])
    has_template = bool(coordinator["spec"].get("volumeClaimTemplates"))
    assert has_template == (case not in ("bare", "what exists"))


@pytest.mark.parametrize("role, allowed", [("coordinator", 1), ("shard", 0), ("worker", 1),
                                           ("serving", 1)])
def test_disruption_budgets(rendered, role, allowed):
    assert rendered("defaults").role("PodDisruptionBudget", role)["spec"]["maxUnavailable"] == allowed
    assert rendered("bare").role("PodDisruptionBudget", role) is None
