"""Network policies, evaluated like a network plugin."""

import ipaddress
import re
from dataclasses import dataclass, field

import pytest

NAME = "kubernetes.io/metadata.name"
APP = "app.kubernetes.io/name"


@dataclass(frozen=True)
class Peer:
    """One side of a connection: a pod, or an address outside of the network of pods."""

    labels: dict[str, str] = field(default_factory=dict)
    namespace: dict[str, str] = field(default_factory=lambda: {NAME: "iris"})
    address: str | None = None


def in_namespace(name: str, **labels: str) -> Peer:
    return Peer(labels, {NAME: name, **labels})


def at(address: str) -> Peer:
    return Peer(address=address)


class Network:
    """Decides which connections the policies of manifests allow."""

    def __init__(self, manifests: list[dict], find_template) -> None:
        self._policies = [
            each["spec"] for each in manifests if each["kind"] == "NetworkPolicy"
        ]
        self._templates = {}
        for each in manifests:
            if template := find_template(each):
                self._templates[template["metadata"]["labels"][APP]] = template

    def pod(self, name: str) -> Peer:
        return Peer(self._templates[name]["metadata"]["labels"])

    def find_ports(self, name: str) -> set[int]:
        """Return the ports that the command of a pod names."""
        (container,) = self._templates[name]["spec"]["containers"]
        return set(map(int, re.findall(r"port=(\d+)", " ".join(container["command"]))))

    def sends(self, name: str, target: Peer, port: int, protocol: str = "TCP") -> bool:
        """Return whether a pod may send to a target."""
        return self._allows("egress", "to", name, target, port, protocol)

    def receives(self, name: str, source: Peer, port: int) -> bool:
        """Return whether a pod may receive from a source."""
        return self._allows("ingress", "from", name, source, port, "TCP")

    def _allows(
        self, direction: str, side: str, name: str, peer: Peer, port: int, protocol: str
    ) -> bool:
        pod = self.pod(name)
        policies = [
            each
            for each in self._policies
            if direction.capitalize() in each["policyTypes"]
            and selects(each["podSelector"], pod.labels)
        ]
        assert policies, f"{name} is not isolated"
        return any(
            (not rule.get(side) or any(is_meant(each, peer) for each in rule[side]))
            and any(
                self._find_port(name, each["port"]) == port
                and each.get("protocol", "TCP") == protocol
                for each in rule["ports"]
            )
            for policy in policies
            for rule in policy.get(direction, [])
        )

    def _find_port(self, name: str, port: int | str) -> int:
        containers = self._templates[name]["spec"]["containers"]
        ports = [each for one in containers for each in one.get("ports", [])]
        named = {each["name"]: each["containerPort"] for each in ports}
        return named[port] if isinstance(port, str) else port


def selects(selector: dict, labels: dict[str, str]) -> bool:
    return selector.get("matchLabels", {}).items() <= labels.items() and all(
        labels.get(each["key"]) in each["values"]
        for each in selector.get("matchExpressions", [])
    )


def is_meant(rule: dict, peer: Peer) -> bool:
    """Return whether one entry of a rule includes a peer."""
    if "ipBlock" in rule:
        return peer.address is not None and is_inside(rule["ipBlock"], peer.address)
    if peer.address is not None:
        return False
    own = peer.namespace.get(NAME) == "iris"
    namespaces = rule.get("namespaceSelector")
    in_scope = own if namespaces is None else selects(namespaces, peer.namespace)
    return in_scope and selects(rule.get("podSelector", {}), peer.labels)


def is_inside(block: dict, address: str) -> bool:
    ip = ipaddress.ip_address(address)
    return ip in ipaddress.ip_network(block["cidr"]) and not any(
        ip in ipaddress.ip_network(each) for each in block.get("except", [])
    )


@pytest.fixture(scope="module")
def network(collect, kubernetes, template_of) -> Network:
    """Return the network of production with all components."""
    components = [
        f"components/{each.name}"
        for each in kubernetes.glob("components/*")
        if each.name != "egress"  # in the overlay
    ]
    return Network(collect("overlays/production", *components), template_of)


PODS = ["iris-serving", "iris-watcher", "iris-scoring"]


@pytest.mark.parametrize("protocol", ["UDP", "TCP"])
@pytest.mark.parametrize(
    "server",
    [
        Peer({"k8s-app": "kube-dns"}, {NAME: "kube-system"}),
        at("169.254.20.10"),  # NodeLocal DNSCache
        at("10.96.0.10"),  # the same, at the address of the service kube-dns
        at("fd00:10:96::a"),
    ],
    ids=["pod", "link-local", "service", "service-ipv6"],
)
@pytest.mark.parametrize("pod", PODS)
def test_names_are_resolved(network, pod, server, protocol):
    assert network.sends(pod, server, 53, protocol)


@pytest.mark.parametrize("protocol", ["UDP", "TCP"])
@pytest.mark.parametrize(
    "server", [at("203.0.113.7"), at("2001:db8::1"), in_namespace("shop")], ids=str
)
@pytest.mark.parametrize("pod", PODS)
def test_other_name_servers_are_not_reachable(network, pod, server, protocol):
    """In names that they resolve, data can leave."""
    assert not network.sends(pod, server, 53, protocol)


@pytest.mark.parametrize("pod", PODS)
@pytest.mark.parametrize("address", ["203.0.113.7", "10.1.2.3", "2001:db8::1"])
def test_the_registry_and_the_database_are_reachable(network, pod, address):
    assert network.sends(pod, at(address), 443)
    assert network.sends(pod, at(address), 5432)


@pytest.mark.parametrize("pod", PODS)
@pytest.mark.parametrize(
    "address", ["169.254.169.254", "fd00:ec2::254", "fd20:ce::254"]
)
@pytest.mark.parametrize("port", [80, 443])
def test_metadata_of_the_cloud_is_not_reachable(network, pod, address, port):
    """It issues credentials."""
    assert not network.sends(pod, at(address), port)


def test_little_else_is_sent(network):
    for port in (22, 80, 5000, 6443):
        assert not network.sends("iris-serving", at("203.0.113.7"), port)
    assert not network.sends("iris-serving", network.pod("iris-watcher"), 8001)


PREDICTIONS, METRICS, WATCHER = (
    ("iris-serving", 8000),
    ("iris-serving", 9000),
    ("iris-watcher", 8001),
)


@pytest.mark.parametrize(
    ("source", "reached"),
    [
        (in_namespace("shop", **{"iris-client": "true"}), {PREDICTIONS}),
        (in_namespace("envoy-gateway-system"), {PREDICTIONS}),
        (in_namespace("monitoring"), {METRICS, WATCHER}),
    ],
    ids=["client", "gateway", "monitoring"],
)
def test_each_client_reaches_what_it_needs(network, source, reached):
    found = {
        (pod, port)
        for pod, port in (PREDICTIONS, METRICS, WATCHER)
        if network.receives(pod, source, port)
    }

    assert found == reached


@pytest.mark.parametrize(
    "foreign", [in_namespace("shop"), Peer(), at("203.0.113.7")], ids=str
)
def test_others_reach_nothing(network, foreign):
    """Neither pods without a role, of this namespace or another, nor the outside."""
    for pod, port in (("iris-serving", 8000), ("iris-serving", 9000)):
        assert not network.receives(pod, foreign, port)
    assert not network.receives("iris-watcher", foreign, 8001)
    assert not network.receives("dask-scheduler", foreign, 8786)
    assert not network.receives("dask-worker", foreign, 8788)


def test_both_ends_of_the_local_registry_agree(collect, template_of):
    local = Network(collect("overlays/local"), template_of)
    registry = local.pod("mlflow")

    for pod in ("iris-serving", "iris-watcher"):
        assert local.sends(pod, registry, 5000)
        assert local.receives("mlflow", local.pod(pod), 5000)
    assert not local.receives("mlflow", in_namespace("shop"), 5000)


DASK = ["dask-scheduler", "dask-worker"]
USERS = {
    "dask-scheduler": {*PODS, "dask-worker"} - {"iris-serving"},
    "dask-worker": DASK,
}


@pytest.mark.parametrize("client", [*PODS, *DASK])
@pytest.mark.parametrize("server", DASK)
def test_only_its_users_reach_the_cluster_of_dask(network, client, server):
    """It runs any code that it is sent."""
    known = network.find_ports("dask-scheduler") | network.find_ports("dask-worker")
    source, target = network.pod(client), network.pod(server)

    received = {port for port in known if network.receives(server, source, port)}
    sent = {port for port in known if network.sends(client, target, port)}

    expected = network.find_ports(server) if client in USERS[server] else set()
    assert received == sent == expected
