"""The overlays: what a cluster and a deployer need for them."""

import re
from collections.abc import Callable

import pytest
import yaml

# Of the groups below .k8s.io, a plain cluster has all but these.
ADDED = {"gateway.networking.k8s.io"}
APPLIED = {"get", "create", "patch"}


@pytest.fixture
def overlays(kubernetes) -> dict[str, dict]:
    """Return the kustomizations of the overlays."""
    return {
        each.name: yaml.safe_load((each / "kustomization.yaml").read_text())
        for each in sorted((kubernetes / "overlays").iterdir())
    }


def is_plain(manifest: dict) -> bool:
    group = manifest["apiVersion"].rpartition("/")[0]
    return group not in ADDED and ("." not in group or group.endswith(".k8s.io"))


@pytest.mark.parametrize("overlay", ["local", "production", "staging"])
def test_overlays_apply_to_a_plain_cluster(collect, overlay):
    """Custom resources are in components, which an overlay adds."""
    custom = [
        f"{each['kind']} {each['metadata']['name']}"
        for each in collect(f"overlays/{overlay}")
        if not is_plain(each)
    ]

    assert custom == []


def test_namespaces_exist_before_overlays(collect, overlays):
    """Secrets come in between, and a deployer may not create namespaces."""
    for name in overlays:
        kinds = {each["kind"] for each in collect(f"overlays/{name}")}
        assert not kinds & {"Namespace", "Secret", "Role", "ClusterRole"}


def test_all_pods_may_pull_private_images(collect, kubernetes):
    components = [f"components/{each.name}" for each in kubernetes.glob("components/*")]
    manifests = collect("overlays/production", *components)
    accounts = [each for each in manifests if each["kind"] == "ServiceAccount"]

    secrets = {
        each["metadata"]["name"]: each.get("imagePullSecrets") for each in accounts
    }

    assert len(secrets) > 2
    assert set(map(str, secrets.values())) == {"[{'name': 'registry-credentials'}]"}


def test_each_overlay_has_a_setup(overlays, kubernetes):
    for overlay in overlays.values():
        file = kubernetes / "setup" / overlay["namespace"] / "kustomization.yaml"
        setup = yaml.safe_load(file.read_text())
        assert setup["namespace"] == overlay["namespace"]


def test_pods_with_more_privileges_are_not_admitted(collect):
    (namespace,) = [
        each for each in collect("setup/base") if each["kind"] == "Namespace"
    ]

    assert namespace["metadata"]["labels"] == {
        "pod-security.kubernetes.io/enforce": "restricted"
    }


@pytest.fixture
def rules(collect) -> list[dict]:
    (role,) = [each for each in collect("setup/base") if each["kind"] == "Role"]
    return role["rules"]


@pytest.fixture
def may(rules) -> Callable[[str, str, str], bool]:
    """Return a function that says what the deployer may do."""

    def may(verb: str, group: str, resource: str) -> bool:
        return any(
            group in rule["apiGroups"]
            and resource in rule["resources"]
            and verb in rule["verbs"]
            for rule in rules
        )

    return may


def name_resource(kind: str) -> str:
    name = kind.lower()
    return f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"


def test_the_deployer_may_apply_all_overlays_and_components(
    collect, overlays, kubernetes, may
):
    folders = [f"overlays/{name}" for name in overlays]
    folders += [f"components/{each.name}" for each in kubernetes.glob("components/*")]
    kinds = {
        (each["apiVersion"].rpartition("/")[0], name_resource(each["kind"]))
        for each in collect(*folders)
    } | {("", "configmaps")}  # which are generated

    refused = {
        (verb, *kind) for kind in kinds for verb in APPLIED if not may(verb, *kind)
    }

    assert refused == set()


@pytest.mark.parametrize(
    "needed",
    [
        ("list", "apps", "deployments"),  # rollout status, set image
        ("watch", "apps", "deployments"),
        ("list", "apps", "replicasets"),  # rollout undo
        ("list", "batch", "cronjobs"),  # set image
        ("list", "", "pods"),  # port-forward
        ("get", "", "pods/portforward"),
        ("create", "", "pods/portforward"),
    ],
)
def test_the_deployer_may_do_what_a_rollout_does(may, needed):
    assert may(*needed)


def test_the_deployer_may_do_little_else(rules, may):
    everything = [word for rule in rules for words in rule.values() for word in words]

    assert "*" not in everything
    assert "delete" not in everything
    assert not may("get", "", "secrets")
    assert not may("create", "", "pods")
    assert not any("exec" in word for word in everything)


def test_settings_of_running_pods_are_not_pruned(kubernetes, read):
    """Their name has a hash: with new ones, the old are not in the overlay any more."""
    argo = read("examples/argo-cd.yaml")["spec"]["syncPolicy"]
    flux = (kubernetes / "examples/flux.yaml").read_text()
    _, kustomization = yaml.safe_load_all(flux)
    (patch,) = kustomization["spec"]["patches"]
    generators = read("base/kustomization.yaml")["configMapGenerator"]
    fixed = yaml.safe_load(
        (kubernetes.parent / "grafana/kustomization.yaml").read_text()
    )["configMapGenerator"]

    kept = re.compile(patch["target"]["name"])

    assert argo["automated"]["prune"] and "PruneLast=true" in argo["syncOptions"]
    assert yaml.safe_load(patch["patch"])["metadata"]["annotations"] == {
        "kustomize.toolkit.fluxcd.io/prune": "disabled"
    }
    for name in [each["name"] for each in generators] + ["iris-scoring"]:
        assert kept.fullmatch(f"{name}-6fdg4dcm25")
    assert not any(kept.fullmatch(each["name"]) for each in fixed)


def test_examples_follow_existing_overlays(kubernetes, overlays):
    paths = []
    for file in sorted((kubernetes / "examples").glob("*.yaml")):
        paths += re.findall(r"path: \.?/?(deploy/kubernetes/\S+)", file.read_text())

    assert len(paths) == 2  # Argo CD, Flux
    assert all((kubernetes.parents[1] / each).is_dir() for each in paths)
    argo = yaml.safe_load((kubernetes / "examples/argo-cd.yaml").read_text())
    name = argo["spec"]["source"]["path"].rpartition("/")[2]
    assert argo["spec"]["destination"]["namespace"] == overlays[name]["namespace"]
