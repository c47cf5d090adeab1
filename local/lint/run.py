"""Folders in, findings out.

The folders given are one platform: what a plain `kubectl apply -k` of each makes, on a cluster as Knative installs it.
Below them each further Kustomization is a platform of its own, and each Component one laid over the folders given;
where they say so, on a cluster whose administrator applied the folder `cluster-settings`.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import yaml

from local.lint.catalogue import RULES
from local.lint.cluster import NEEDS, Cluster
from local.lint.crds import Schemas, misfits
from local.lint.finding import Finding
from local.lint.kustomization import NAME, Tree, tree
from local.lint.thing import Thing, as_built, as_written
from local.lint.world import World
from local.lint.yaml_file import LOADER

SETTINGS: Final = "cluster-settings"
_BUILD_S: Final = 60


class NoKubectl(Exception):
    """What is patched can only be built by kubectl."""


@dataclass(slots=True)
class Lint:
    """One look at some folders."""

    folders: Sequence[Path]
    crds: Schemas = field(default_factory=dict)
    settings: Sequence[Path] = ()
    """What administrators are asked to set; where nothing is named, `cluster-settings` in the folders."""
    findings: set[Finding] = field(default_factory=set)
    unseen: list[Path] = field(default_factory=list)
    """Folders that need kubectl, where there is none."""

    def look(self) -> list[Finding]:
        """All that is wrong, in the order of files and lines."""
        trees = [each for folder in self.folders if (each := self._tree(folder))]
        if self._is_clear():
            self._judge_all(trees, self._cluster(trees))
            for inner in self._others():
                self._look_at(inner)
        return sorted({replace(each, file=_shown(each.file)) for each in self.findings})

    def _is_clear(self) -> bool:
        """Whether kustomize could make anything of it; else each fault would be told many times."""
        return not self.findings

    def _others(self) -> Iterator[Path]:
        """The kustomizations below the folders given, but for those that these consist of."""
        for folder in self.folders:
            for file in sorted(folder.rglob(NAME)):
                if file.parent not in _parts(self._tree(folder)):
                    yield file.parent

    def _look_at(self, folder: Path) -> None:
        found = self._tree(folder)
        if found is None:
            return
        cluster = self._cluster([found])
        if found.head.data.get("kind") != "Component":
            self._judge_all([found], cluster)
            return
        with tempfile.TemporaryDirectory() as place:
            namespace = next((each.namespace for each in map(self._tree, self.folders) if each), "")
            written = overlay(Path(place), resources=self.folders, components=[folder], namespace=namespace)
            if over := self._tree(written):
                self._judge_all([over], cluster, blamed=found.head.file)

    def _cluster(self, trees: Sequence[Tree]) -> Cluster:
        """As Knative is installed; where a kustomization needs more, as administrators are asked to set it."""
        cluster = Cluster.as_installed()
        if not any((NEEDS, "required") in each.annotations() for each in trees):
            return cluster
        for folder in self.settings or [folder / SETTINGS for folder in self.folders]:
            for file in sorted(folder.rglob(NAME)):
                found = self._tree(file.parent)
                cluster = cluster.with_settings(self._things(found)) if found else cluster
        return cluster

    def _judge_all(self, trees: Sequence[Tree], cluster: Cluster, *, blamed: Path | None = None) -> None:
        try:
            things = [thing for each in trees for thing in self._things(each, blamed)]
        except NoKubectl:
            self.unseen += [each.folder for each in trees]
            return
        world = World(things, cluster)
        for thing in things:
            for rule in RULES:
                self.findings.update(thing.finding(rule.name, fault) for fault in rule.check(thing, world))
            self.findings.update(thing.finding("crd", fault) for fault in misfits(thing, self.crds))

    def _tree(self, folder: Path) -> Tree | None:
        faults: list[Finding] = []
        found = tree(folder, faults)
        self.findings.update(faults)
        return found

    def _things(self, found: Tree, blamed: Path | None = None) -> list[Thing]:
        if found.plain:
            things = [as_written(each, found.namespace) for each in found.every_resource()]
            return [each for each in things if each]
        return [as_built(each, found) for each in self._build(found, blamed or found.head.file)]

    def _build(self, found: Tree, blamed: Path) -> list[dict[str, object]]:
        command = ["kubectl", "kustomize", str(found.folder)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_BUILD_S, check=False)
        except FileNotFoundError:
            raise NoKubectl from None
        if done.returncode:
            said = done.stderr.strip().splitlines()[-1:] or ["nothing"]
            what = f"kubectl kustomize says: {said[0]}"
            self.findings.add(Finding(blamed, 1, "kustomize", what, "Put right what it names."))
            return []
        return [each for each in yaml.load_all(done.stdout, Loader=LOADER) if isinstance(each, dict)]


def overlay(place: Path, *, resources: Sequence[Path], components: Sequence[Path], namespace: str) -> Path:
    """Write a kustomization that lays components over folders; `place`, which must be empty."""

    def relative(path: Path) -> str:
        return os.path.relpath(path.resolve(), place.resolve())

    content = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": namespace,
        "resources": [relative(each) for each in resources],
        "components": [relative(each) for each in components],
    }
    (place / NAME).write_text(yaml.safe_dump(content), encoding="utf-8")
    return place


def _shown(file: Path) -> Path:
    """As a person at this terminal would name it."""
    whole, here = file.resolve(), Path.cwd()
    return whole.relative_to(here) if whole.is_relative_to(here) else whole


def _parts(found: Tree | None) -> set[Path]:
    if found is None:
        return set()
    return {found.folder}.union(*(_parts(each) for each in found.below))
