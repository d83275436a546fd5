"""Renders the chart with Helm's own engine for every combination of its parts, and checks what comes of it against Kubernetes' schemas."""

import itertools
import re
import sys
from pathlib import Path

import helm_python as helm
import kubernetes_validate
import yaml

CHART = Path(__file__).parents[2] / "deploy/helm/millrace"
KUBERNETES = ("1.27", "1.33")
# Kinds of operators that extend Kubernetes; their schemas are not at hand.
OTHERS = {"ScaledObject", "ServiceMonitor"}
SWITCHES = ("podDisruptionBudget", "networkPolicy", "keda", "monitoring")
NEEDED = {"settings": {"bootstrap.servers": "kafka:9092"}}


def rendered(chart, values):
    texts = chart.render(values, name="millrace", namespace="prod")
    return [each for text in texts.values() for each in yaml.safe_load_all(text) if each is not None]


def one(objects, kind):
    [found] = [each for each in objects if each["kind"] == kind]
    return found


def check_switches(chart):
    kinds = dict(zip(SWITCHES, ("PodDisruptionBudget", "NetworkPolicy", "ScaledObject", "ServiceMonitor")))
    for on in itertools.product((False, True), repeat=len(SWITCHES)):
        chosen = dict(zip(SWITCHES, on))
        objects = rendered(chart, {**NEEDED, **{name: {"enabled": is_on} for name, is_on in chosen.items()}})
        have = {each["kind"] for each in objects}
        assert {name: kind in have for name, kind in kinds.items()} == chosen, (chosen, have)
        assert ("replicas" in one(objects, "StatefulSet")["spec"]) != chosen["keda"], "two that set the number of nodes"
        for each in objects:
            assert each["metadata"]["labels"]["app.kubernetes.io/instance"] == "millrace"
            if each["kind"] not in OTHERS:
                for version in KUBERNETES:
                    kubernetes_validate.validate(each, version, strict=True)


def check_references(chart):
    values = {**NEEDED, "envFromSecrets": ["kafka"], **{name: {"enabled": True} for name in SWITCHES}}
    objects = rendered(chart, values)
    nodes = one(objects, "StatefulSet")
    pod = nodes["spec"]["template"]
    labels = pod["metadata"]["labels"].items()
    services = {each["metadata"]["name"]: each for each in objects if each["kind"] == "Service"}
    headless = services[nodes["spec"]["serviceName"]]
    assert headless["spec"]["clusterIP"] == "None" and headless["spec"]["publishNotReadyAddresses"]
    for each in services.values():
        assert each["spec"]["selector"].items() <= labels
    for kind, path in (("PodDisruptionBudget", "selector"), ("NetworkPolicy", "podSelector")):
        assert one(objects, kind)["spec"][path]["matchLabels"].items() <= labels, kind
    assert nodes["spec"]["selector"]["matchLabels"].items() <= labels
    assert one(objects, "ServiceMonitor")["spec"]["selector"]["matchLabels"].items() <= headless["metadata"]["labels"].items()
    target = one(objects, "ScaledObject")["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("StatefulSet", nodes["metadata"]["name"])
    [container] = pod["spec"]["containers"]
    volumes = {each["name"] for each in pod["spec"]["volumes"] + [c["metadata"] for c in nodes["spec"]["volumeClaimTemplates"]]}
    assert {each["name"] for each in container["volumeMounts"]} == volumes
    assert all(container[f"{probe}Probe"]["httpGet"]["port"] == "http" for probe in ("startup", "liveness", "readiness"))
    assert container["envFrom"] == [{"secretRef": {"name": "kafka"}}]
    # The release is called as the settings' prefix: Kubernetes' variables of services must not come in.
    assert pod["spec"]["enableServiceLinks"] is False
    assert f"$(POD_NAME).{nodes['spec']['serviceName']}.prod.svc:8088" in container["args"][-1]
    changed = rendered(chart, {"settings": {"bootstrap.servers": "other:9092"}})
    sums = [one(each, "StatefulSet")["spec"]["template"]["metadata"]["annotations"] for each in (objects, changed)]
    assert sums[0] != sums[1], "a setting that changes restarts no node"


def check_refusals(chart):
    for values in (
        {},
        {**NEEDED, "replica": 2},
        {**NEEDED, "replicas": 0},
        {"settings": {"bootstrap.servers": "k:9092", "ksql.streams.num.standby.replicas": 1}},
        {**NEEDED, "persistence": {"size": "20"}},
        {**NEEDED, "keda": {"enabled": "yes"}},
        {**NEEDED, "terminationGracePeriodSeconds": 5},
    ):
        try:
            chart.validate_schema(values)
        except helm.HelmValuesError:
            continue
        raise AssertionError(f"{values} is not refused")


def check_versions():
    package = (CHART.parents[2] / "package.json").read_text()
    version = re.search(r'"version": "([^"]+)"', package).group(1)
    told = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (told["version"], told["appVersion"]) == (version, version)


with helm.Chart.load(str(CHART)) as loaded:
    check_switches(loaded)
    check_references(loaded)
    check_refusals(loaded)
check_versions()
print(f"the chart is well for Kubernetes {' and '.join(KUBERNETES)}, Helm {helm.helm_sdk_version()}")
sys.exit(0)
