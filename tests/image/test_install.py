"""The images' install script, run for real into fresh virtual environments, and the functions that start from there."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.image.container import USER, Container, as_nobody
from tests.image.locks import ENTRY, locked, text_of
from tests.image.manifests import SCRIPTS, stage_of
from tests.image.stages import ROOT, lay_out
from tests.needs import require_folder

WHEELS = Path(sys.prefix) / "wheels"
"""`make wheels` fetches them, so that nobody has to be asked here."""
STAGES = {"submit": "functions", "notify": "functions", "recover": "functions", "generate": "gpu"}
ALONE = {"PATH": os.environ["PATH"], "PYTHON": sys.executable, "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}


def install(folder, *locks):
    return subprocess.run(
        [ROOT / "image" / "install.sh", folder, *locks],
        env=ALONE | {"PIP_FIND_LINKS": str(WHEELS)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=170,
    )


def lock_of(name):
    return ROOT / "image" / "locks" / f"{name}.txt"


def torch_of_this_machine(folder):
    """The lock of PyTorch, for the build of it that lies here: without CUDA's packages if that does without."""
    here = {re.split(r"-\d", wheel.name)[0].lower().replace("_", "-"): wheel for wheel in WHEELS.glob("*.whl")}
    digest = hashlib.sha256(here["torch"].read_bytes()).hexdigest()
    kept = [found[0] for found in ENTRY.finditer(text_of("torch")) if found[1] in here]
    lock = folder / "torch.txt"
    lock.write_text(re.sub(r"(?m)^(torch==\S+)", rf"\1 \\\n    --hash=sha256:{digest}", "".join(kept)))
    return lock


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("images")


@pytest.fixture(scope="module")
def functions(place):
    require_folder(WHEELS)
    done = install(place / "functions", lock_of("functions"))
    assert (0, "") == (done.returncode, done.stderr), done.stdout
    return place / "functions"


@pytest.fixture(scope="module")
def gpu(place):
    require_folder(WHEELS)
    for lock in (torch_of_this_machine(place), lock_of("compiler"), lock_of("generate")):  # the Dockerfile's layers
        done = install(place / "gpu", lock)
        assert (0, "") == (done.returncode, done.stderr), done.stdout
    return place / "gpu"


@pytest.fixture(scope="module")
def sbom(place):
    require_folder(WHEELS)
    done = install(place / "sbom", lock_of("sbom"))
    assert (0, "") == (done.returncode, done.stderr), done.stdout
    return place / "sbom"


@pytest.fixture
def volumes():
    """Folders of the image's user, outside of pytest's own, which are shut to others."""
    with tempfile.TemporaryDirectory(prefix="flipbook-") as folder:
        Path(folder).chmod(0o755)
        for name in ("artifacts", "weights"):
            (Path(folder) / name).mkdir()
            if as_nobody():
                os.chown(Path(folder) / name, USER, USER)
        yield folder


@pytest.fixture
def container(request, stages, tmp_path, volumes, redis_url):
    def run(name):
        app = tmp_path / "app"
        lay_out(stages, STAGES[name], app)
        for path in [app, *app.rglob("*")]:
            path.chmod(path.stat().st_mode & ~0o222)
        return Container(
            name=name,
            stages=stages,
            stage=STAGES[name],
            packages=request.getfixturevalue(STAGES[name]),
            app=app,
            stores={
                "REDIS_URL": redis_url,
                "ARTIFACTS_URL": f"file://{volumes}/artifacts",
                "WEIGHTS_DIR": f"{volumes}/weights",
                "K_SINK": "memory://",
            },
            log=tmp_path / "log",
        )

    return run


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", STAGES)
def test_a_function_starts_from_its_image_as_nobody_without_a_home_and_stops_in_order(container, name):
    with container(name) as running:
        assert 200 == running.await_answer("/healthz")
        assert 200 == running.await_answer("/readyz")
        assert 0 == running.stop()

    assert "Traceback" not in running.log.read_text()


TOOLS = {"make-bucket": ["python", "-c", "import boto3"], "fetch": ["hf", "version"]}
"""What the containers that are no function call in their scripts."""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("container", SCRIPTS)
def test_the_scripts_of_jobs_find_their_tools(container, request, tmp_path):
    packages = request.getfixturevalue(stage_of(container))
    program, *arguments = TOOLS[container["name"]]

    done = subprocess.run(
        [packages / "bin" / program, *arguments], env={"HF_HOME": str(tmp_path)}, capture_output=True, text=True
    )

    assert 0 == done.returncode, done.stderr
    assert program in " ".join(container["command"] + container["args"])


def test_the_user_of_the_image_cannot_write_where_it_runs(functions, tmp_path):
    if not as_nobody():
        pytest.skip("only root can become another user")

    for place in (functions, tmp_path):
        done = subprocess.run([*as_nobody(), "touch", place / "x"], capture_output=True, text=True)
        assert (1, "Permission denied") == (done.returncode, done.stderr.strip().rpartition(": ")[2])


def test_what_is_installed_is_what_the_lock_says(functions):
    assert locked("functions") == installed(functions)


@pytest.mark.timeout(300)
def test_what_is_installed_for_the_gpu_is_what_its_locks_say(gpu):
    here = installed(gpu)
    every = locked("torch") | locked("compiler") | locked("generate")
    wanted = {name: version for name, version in every.items() if name in here}

    assert wanted == here | {"torch": here["torch"].partition("+")[0]}
    assert locked("generate").keys() <= here.keys()


@pytest.mark.timeout(300)
def test_the_compiler_of_the_gpu_image_makes_what_python_can_load(gpu, volumes):
    """As Triton calls it: found by its name, as the image's user, in a folder of its own."""
    home = Path(volumes) / "artifacts"
    (home / "x.c").write_text("int twice(int x) { return 2 * x; }\n")
    image = {"PATH": f"{gpu}/bin:{os.defpath}", "HOME": str(home)}
    command = [ROOT / "image" / "clang", "x.c", "-O3", "-shared", "-fPIC", "-Wno-psabi", "-o", "x.so", "-l:libm.so.6"]

    done = subprocess.run([*as_nobody(), *command], cwd=home, env=image, capture_output=True, text=True, timeout=120)

    assert (0, "") == (done.returncode, done.stderr)
    told = subprocess.run(
        [gpu / "bin" / "python", "-c", "import ctypes; print(ctypes.CDLL('./x.so').twice(21))"],
        cwd=home,
        capture_output=True,
        text=True,
    )
    assert "42\n" == told.stdout


def installed(packages):
    command = [sys.executable, "-m", "pip", "--python", packages / "bin" / "python", "list", "--format=json"]
    done = subprocess.run(command, env=ALONE, check=True, capture_output=True, text=True, timeout=60)
    return {
        each["name"].lower().replace("_", "-").replace(".", "-"): each["version"] for each in json.loads(done.stdout)
    }


def test_all_of_it_is_compiled_and_none_of_it_by_time(functions):
    sources = list((functions / "lib").rglob("*.py"))
    compiled = {path: path.parent / "__pycache__" / f"{path.stem}.cpython-311.pyc" for path in sources}

    assert len(sources) > 1000
    assert [] == [path for path, cache in compiled.items() if not cache.is_file()]
    # PEP 552: bit 0 says by hash, bit 1 that the source is to be looked at each time.
    assert {1} == {int.from_bytes(cache.read_bytes()[4:8], "little") for cache in compiled.values()}


def test_a_lock_makes_the_same_bytes_each_time(tmp_path):
    require_folder(WHEELS)
    few = {"click", "python-dateutil", "six"}
    lock = tmp_path / "lock.txt"
    lock.write_text("".join(found[0] for found in ENTRY.finditer(text_of("functions")) if found[1] in few))

    def bytes_of(folder):
        assert 0 == install(folder, lock).returncode
        found = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        shutil.rmtree(folder)
        return found

    first, second = bytes_of(tmp_path / "packages"), bytes_of(tmp_path / "packages")

    assert any(path.suffix == ".pyc" for path in first)
    assert [] == [path for path in first.keys() | second.keys() if first.get(path) != second.get(path)]


def test_another_file_under_the_same_name_is_refused(tmp_path):
    require_folder(WHEELS)
    lock = tmp_path / "lock.txt"
    lock.write_text(f"six=={locked('functions')['six']} \\\n    --hash=sha256:{64 * '0'}\n")

    done = install(tmp_path / "packages", lock)

    assert 0 != done.returncode
    assert "DO NOT MATCH THE HASHES" in done.stderr
    assert [] == list((tmp_path / "packages").glob("lib/*/site-packages/six*"))


def test_a_package_that_no_lock_names_is_missed(tmp_path):
    require_folder(WHEELS)
    [entry] = [found[0] for found in ENTRY.finditer(text_of("functions")) if found[1] == "python-dateutil"]
    (tmp_path / "lock.txt").write_text(entry)

    done = install(tmp_path / "packages", tmp_path / "lock.txt")

    assert 1 == done.returncode
    assert "python-dateutil 2.9.0.post0 requires six, which is not installed." in done.stdout


def test_a_call_without_locks_is_told_how():
    done = subprocess.run([ROOT / "image" / "install.sh", "x"], capture_output=True, text=True)

    assert (2, "usage: image/install.sh FOLDER LOCK...\n") == (done.returncode, done.stderr)


@pytest.mark.parametrize("version", ["3.13.1", "3.11.2"])
def test_another_python_is_refused_by_name(tmp_path, version):
    """3.11.2 is Debian 12's own, for which redis wants async-timeout."""
    other = tmp_path / "python"
    pretend = f"import sys; sys.version_info = {tuple(map(int, version.split('.')))}; "
    told = f'[ "$1" = --version ] && echo Python {version} || exec {sys.executable} "$1" "{pretend}$2"'
    other.write_text(f"#!/bin/sh\n{told}\n")
    other.chmod(0o755)

    done = subprocess.run(
        [ROOT / "image" / "install.sh", tmp_path / "x", lock_of("functions")],
        env=ALONE | {"PYTHON": str(other)},
        capture_output=True,
        text=True,
    )

    assert 1 == done.returncode
    assert f"the locks are for Python 3.11, from 3.11.3 on; this is Python {version}" in done.stderr


def test_the_sbom_names_what_is_installed_and_is_the_same_each_time(functions, sbom, tmp_path):
    for name in ("first", "second"):
        command = [ROOT / "image" / "sbom.sh", sbom, functions, tmp_path / name]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert 0 == done.returncode, done.stderr
    found = json.loads((tmp_path / "first").read_text())

    assert ("CycloneDX", "1.6") == (found["bomFormat"], found["specVersion"])
    listed = {each["name"].lower().replace("_", "-").replace(".", "-"): each["version"] for each in found["components"]}
    assert locked("functions") == listed
    assert [] == [each["name"] for each in found["components"] if not each.get("licenses")]
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()
