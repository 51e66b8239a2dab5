"""The files for a cluster, checked against the schemas of the programs that read them. No cluster is needed."""

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from google.protobuf.json_format import ParseDict, ParseError
from kfp.pipeline_spec.pipeline_spec_pb2 import PipelineDeploymentConfig, PipelineSpec

from churn.harness.same_origin import ANY
from workflow_pipeline.images import ENVIRONMENT, HERE, image
from workflow_pipeline.pipeline import COMPILED, MEMORY_LIMIT

MANIFESTS = HERE / "serving" / "kubernetes.yaml"
KUBERNETES = kubernetes_validate.latest_version()


def documents(file: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(file.read_text(encoding="utf-8")))


@pytest.fixture
def graph() -> dict[str, Any]:
    (only,) = documents(COMPILED)
    return only


@pytest.fixture
def manifests() -> dict[str, dict[str, Any]]:
    return {document["kind"]: document for document in documents(MANIFESTS)}


@pytest.fixture
def serving(manifests: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The Deployment's only container."""
    (container,) = manifests["Deployment"]["spec"]["template"]["spec"]["containers"]
    return container


def test_the_compiled_pipeline_fits_the_schema_of_pipelines(graph: dict[str, Any]) -> None:
    spec = ParseDict(graph, PipelineSpec())
    assert set(spec.root.dag.tasks) == {*ENVIRONMENT, "importer"}
    assert spec.root.dag.tasks["collect"].retry_policy.max_retry_count == 2
    executors = ParseDict(graph["deploymentSpec"], PipelineDeploymentConfig()).executors  # it has a separate schema
    for stage in ENVIRONMENT:
        container = executors[f"exec-{stage}"].container
        assert (container.image, container.resources.resource_memory_limit) == (image(stage), MEMORY_LIMIT)


@pytest.mark.parametrize("part", ["pipelineInfo", "root", "components"])
def test_that_schema_refuses_what_it_does_not_know(graph: dict[str, Any], part: str) -> None:
    graph[part]["no_such_field"] = {"no_such_field": 1}
    with pytest.raises(ParseError, match="no_such_field"):
        ParseDict(graph, PipelineSpec())


def test_the_manifests_fit_the_schema_of_kubernetes(manifests: dict[str, dict[str, Any]]) -> None:
    assert set(manifests) == {"Deployment", "Service", "NetworkPolicy"}
    for manifest in manifests.values():
        kubernetes_validate.validate(manifest, KUBERNETES, strict=True)
    manifests["Deployment"]["spec"]["replica"] = manifests["Deployment"]["spec"].pop("replicas")
    with pytest.raises(kubernetes_validate.ValidationError, match="replica"):
        kubernetes_validate.validate(manifests["Deployment"], KUBERNETES, strict=True)


def test_service_and_network_policy_are_about_the_pods_of_the_deployment(manifests: dict[str, dict[str, Any]]) -> None:
    deployment, service, policy = (manifests[kind]["spec"] for kind in ("Deployment", "Service", "NetworkPolicy"))
    labels = deployment["template"]["metadata"]["labels"]
    assert (
        labels == deployment["selector"]["matchLabels"] == service["selector"] == policy["podSelector"]["matchLabels"]
    )


def test_the_network_policy_lets_the_namespace_in_and_nothing_out(
    manifests: dict[str, dict[str, Any]], serving: dict[str, Any]
) -> None:
    policy = manifests["NetworkPolicy"]["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert "egress" not in policy  # the type without a rule allows nothing
    (door,) = policy["ingress"]
    assert door["from"] == [{"podSelector": {}}]  # no namespaceSelector: this namespace only
    assert [port["port"] for port in door["ports"]] == [port["name"] for port in serving["ports"]]
    assert manifests["Service"]["spec"]["ports"][0]["targetPort"] == serving["ports"][0]["name"]


def test_the_deployment_asks_for_what_the_image_is(
    manifests: dict[str, dict[str, Any]], serving: dict[str, Any]
) -> None:
    dockerfile = (HERE / "Dockerfile").read_text(encoding="utf-8")
    assert f"EXPOSE {serving['ports'][0]['containerPort']}\n" in dockerfile
    pod = manifests["Deployment"]["spec"]["template"]["spec"]["securityContext"]
    assert pod["runAsNonRoot"]
    assert f"USER {pod['runAsUser']}:{pod['runAsGroup']}\n" in dockerfile
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert serving[probe]["httpGet"]["port"] == serving["ports"][0]["name"]
        assert f'@app.get("{serving[probe]["httpGet"]["path"]}")' in (HERE / "serving" / "app.py").read_text(
            encoding="utf-8"
        )


def test_the_pods_answer_to_the_names_that_a_cluster_gives_them(serving: dict[str, Any]) -> None:
    """A probe asks a pod by its IP address, and a client asks by one of the names of the service."""
    assert {"name": "ALLOWED_HOSTS", "value": ANY} in serving["env"]


def test_the_deployment_is_locked_down_as_the_container_on_a_laptop_is(serving: dict[str, Any]) -> None:
    assert serving["securityContext"] == {
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    assert serving["resources"]["limits"]["memory"] == "1Gi"  # container.py's mem_limit
    assert set(serving["resources"]["requests"]) == set(serving["resources"]["limits"]) == {"cpu", "memory"}
