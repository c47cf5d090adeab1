"""kubectl applies what the one-machine runtime plays."""

import os
from dataclasses import replace

import pytest
import yaml

from local.manifests import read

FOLDERS = ("knative", "eventing")


def by_name(platform):
    def named(things):
        return sorted(things, key=lambda each: each.name)

    return replace(
        platform,
        services=named(platform.services),
        brokers=named(platform.brokers),
        triggers=named(platform.triggers),
        pings=named(platform.pings),
    )


def folder_of(place, objects):
    place.mkdir()
    (place / "all.yaml").write_text(yaml.safe_dump_all(objects))
    (place / "kustomization.yaml").write_text(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: flipbook\nresources: [all.yaml]\n"
    )
    return place


def test_kubectl_builds_the_objects_that_our_reader_sees(build, platform, root, tmp_path):
    built = [folder_of(tmp_path / folder, build(root / folder)) for folder in FOLDERS]

    assert by_name(platform) == by_name(read(*built))


@pytest.mark.parametrize("folder", FOLDERS)
def test_everything_lands_in_one_namespace(build, root, folder):
    namespaces = {
        each["metadata"].get("namespace", each["metadata"]["name"] if each["kind"] == "Namespace" else None)
        for each in build(root / folder)
    }

    assert {"flipbook"} == namespaces


def test_an_overlay_replaces_the_placeholder_images(build, root, containers, tmp_path):
    names = sorted({container["image"].rpartition(":")[0] for container in containers.values()})
    overlay = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [os.path.relpath(root.resolve() / "knative", tmp_path.resolve())],
        "images": [{"name": name, "newName": f"registry.example.com/{name[-9:]}", "newTag": "9"} for name in names],
    }
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(overlay))

    services = [each for each in build(tmp_path) if each["apiVersion"] == "serving.knative.dev/v1"]
    images = [each["spec"]["template"]["spec"]["containers"][0]["image"] for each in services]

    assert 4 == len(images)
    assert [] == [image for image in images if not image.startswith("registry.example.com/")]
