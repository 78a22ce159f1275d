"""Manifests as kubectl renders them: images and dashboards.

pytest collects it only with ``make check-deploy``, because it needs its tools.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

PROJECT = Path(__file__).parents[2]


def render(folder: Path) -> str:
    kubectl = shutil.which("kubectl")
    assert kubectl
    return subprocess.check_output([kubectl, "kustomize", folder], text=True)


def test_a_rollout_pins_the_images_of_all_components(tmp_path):
    """Also of those that an overlay adds, such as batch scoring, and by hand."""
    deploy = shutil.copytree(PROJECT / "deploy", tmp_path / "deploy")
    overlay = deploy / "kubernetes/overlays/production"
    file = overlay / "kustomization.yaml"
    content = file.read_text()
    for component in ("scale", "model-in-image"):
        line = f"- ../../components/{component}"
        assert f"# {line}" in content
        content = content.replace(f"# {line}", line)
    file.write_text(content)
    with_model = f"docker.io/a/iris-serving-with-model@sha256:{'c' * 64}"
    name, _, digest = with_model.partition("@")
    with (overlay / "images/kustomization.yaml").open("a") as pinned:
        pinned.write(f"- digest: {digest}\n  name: iris-serving-with-model\n")
        pinned.write(f"  newName: {name}\n")
    images = {
        "serving": f"docker.io/a/iris-serving@sha256:{'a' * 64}",
        "training": f"docker.io/a/iris-training@sha256:{'b' * 64}",
    }
    options = [f"--{name}={image}" for name, image in images.items()]
    script = deploy / "images.py"
    subprocess.run([sys.executable, script, "production", *options], check=True)

    rendered = render(overlay)

    used = set(re.findall(r"image: (\S+)", rendered))
    assert used == {*images.values(), with_model}


def test_kubernetes_gets_every_dashboard_as_a_labelled_object():
    """Not as copies: kustomize reads the folder of the dashboards."""
    probe = PROJECT / "build" / "monitoring"
    probe.mkdir(parents=True, exist_ok=True)
    component = "../../deploy/kubernetes/components/monitoring"
    kustomization = yaml.safe_dump({"components": [component]})
    (probe / "kustomization.yaml").write_text(kustomization)

    rendered = render(probe)

    dashboards = PROJECT / "deploy" / "grafana" / "dashboards"
    files = {}
    for each in yaml.safe_load_all(rendered):
        if each["kind"] != "ConfigMap":
            continue
        assert each["metadata"]["labels"]["grafana_dashboard"] == "1"
        # kubectl apply keeps a copy in an annotation of at most 256 KiB.
        assert len(json.dumps(each)) < 200_000
        files |= each["data"]
    assert files == {file.name: file.read_text() for file in dashboards.glob("*.json")}
