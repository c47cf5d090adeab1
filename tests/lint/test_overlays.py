"""What is laid over the bases is judged as kubectl builds it, and named where it was written."""

import shutil

import pytest

from local.lint import command
from tests.needs import require

COMPONENT = """\
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
metadata:
  name: more
{annotations}patches:
  - path: generate.yaml
"""
PATCH = """\
apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: generate
spec:
  template:
    spec:
      {line}
"""
NEEDS = "  annotations:\n    flipbook.dev/cluster-settings: required\n"


@pytest.fixture
def lay_over(base):
    """Put a component beside the bases that patches one line of generate's pods."""
    require("kubectl")
    place = base[0] / "components" / "more"
    place.mkdir(parents=True)

    def write(line, annotations=""):
        (place / "kustomization.yaml").write_text(COMPONENT.format(annotations=annotations))
        (place / "generate.yaml").write_text(PATCH.format(line=line))
        return base

    return write


def test_a_fault_of_a_component_is_named_in_its_patch(look, lay_over):
    (found,) = look(lay_over("containerConcurrency: 2"))

    assert ("knative/components/more/generate.yaml", 8, "gpu") == found[:3]


def test_a_fault_of_a_patch_that_is_a_list_of_operations_is_named_there(look, lay_over):
    folders = lay_over("containerConcurrency: 1")
    place = folders[0] / "components" / "more"
    (place / "kustomization.yaml").write_text(
        COMPONENT.format(annotations="").replace(
            "generate.yaml", "generate.yaml\n    target: {kind: Service, name: submit}"
        )
    )
    (place / "generate.yaml").write_text(
        "- op: add\n  path: /metadata/labels\n  value:\n    networking.knative.dev/visibility: hidden\n"
    )

    (found,) = look(folders)

    assert ("knative/components/more/generate.yaml", 1, "public") == found[:3]


def test_a_component_that_needs_an_administrator_must_say_so(look, lay_over, root):
    folders = lay_over("nodeSelector: {gpu: h100}")
    shutil.copytree(root / "knative" / "cluster-settings", folders[0] / "cluster-settings")

    (found,) = look(folders)

    assert "feature" == found[2]
    assert [] == look(lay_over("nodeSelector: {gpu: h100}", NEEDS))


def test_a_flag_that_is_missing_in_the_settings_is_named_by_who_needs_it(look, lay_over, root):
    folders = lay_over("nodeSelector: {gpu: h100}", NEEDS)
    shutil.copytree(root / "knative" / "cluster-settings", folders[0] / "cluster-settings")
    file = folders[0] / "cluster-settings" / "serving" / "features.yaml"
    file.write_text(file.read_text().replace("kubernetes.podspec-nodeselector: enabled", "multi-container: enabled"))

    (found,) = look(folders)

    assert ("knative/components/more/generate.yaml", 8, "feature") == found[:3]
    assert "kubernetes.podspec-nodeselector, which is off" in found[3]


def test_a_misspelt_setting_of_the_cluster_is_found(look, base, root):
    shutil.copytree(root / "knative" / "cluster-settings", base[0] / "cluster-settings")
    file = base[0] / "cluster-settings" / "serving" / "timeouts.yaml"
    file.write_text(file.read_text().replace("max-revision-timeout-seconds", "max-revision-timeout"))

    (found,) = look(base)

    assert ("knative/cluster-settings/serving/timeouts.yaml", 8, "cluster-setting") == found[:3]


@pytest.mark.parametrize(
    ("written", "instead"), [("issuerRef:", "systemInternalIssuerRef:"), ("config-certmanager", "config-certificates")]
)
def test_certificates_that_knative_would_sign_itself_are_found(look, base, root, written, instead):
    shutil.copytree(root / "knative" / "cluster-settings", base[0] / "cluster-settings")
    file = base[0] / "cluster-settings" / "tls" / "issuer.yaml"
    file.write_text(file.read_text().replace(written, instead))

    (found,) = look(base)

    assert ("knative/cluster-settings/tls/network.yaml", 8, "issuer") == found[:3]


def test_an_image_is_blamed_on_who_named_it(look, base):
    require("kubectl")
    file = base[0] / "kustomization.yaml"
    renamed = "images:\n  - {name: ghcr.io/flipbook-video/generate, newName: example.com/draw, newTag: latest}\n"
    file.write_text(file.read_text() + renamed)
    line = 1 + file.read_text().splitlines().index("images:") + 1

    (found,) = look(base)

    assert ("knative/kustomization.yaml", line, "image") == found[:3]


def test_what_kustomize_cannot_build_is_told_once(look, lay_over):
    folders = lay_over("containerConcurrency: 1")
    patch = folders[0] / "components" / "more" / "generate.yaml"
    patch.write_text(patch.read_text().replace("name: generate", "name: draw"))

    (found,) = look(folders)

    assert ("knative/components/more/kustomization.yaml", 1, "kustomize") == found[:3]


def test_without_kubectl_the_rest_is_looked_at_and_it_says_what_is_not(capsys, lay_over, path_without_kubectl):
    folders = lay_over("containerConcurrency: 2")

    assert 0 == command.run(folders, None)

    assert "not looked at, because kubectl is not installed: " in capsys.readouterr().err


@pytest.fixture
def path_without_kubectl(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
