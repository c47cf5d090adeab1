"""The traps of Knative Serving that the manifests walk around."""

from datetime import timedelta

import pytest
from gunicorn.config import Config

from functions.submit import lookout
from functions.submit.limiter import LOCAL_SHARES

THREADED = ("generate", "notify", "recover")
FUNCTIONS = ("submit", *THREADED)
DRAIN = timedelta(seconds=30)
"""Between the deletion of a pod and its SIGTERM."""
FREE_OF_FLAGS = {
    "containerConcurrency",
    "timeoutSeconds",
    "responseStartTimeoutSeconds",
    "idleTimeoutSeconds",
    "automountServiceAccountToken",
    "enableServiceLinks",
    "containers",
    "volumes",
}


def gunicorn(container):
    """The arguments, as gunicorn's own parser takes them; it exits at a misspelt one."""
    return Config().parser().parse_args(container["args"])


def test_there_are_the_four_functions(services):
    assert set(FUNCTIONS) == set(services)


def test_only_submit_is_public(services):
    assert {"submit"} == {name for name, service in services.items() if service.public}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_silent_request_lives_as_long_as_any_other(services, templates, name):
    spec = templates[name]["spec"]

    assert services[name].timeout == services[name].response_start_timeout
    assert spec["timeoutSeconds"] == spec["responseStartTimeoutSeconds"] == spec["idleTimeoutSeconds"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gunicorn_is_done_before_the_pod_is_killed(services, containers, name):
    grace = timedelta(seconds=gunicorn(containers[name]).graceful_timeout)

    assert grace + DRAIN + timedelta(seconds=30) <= services[name].timeout


@pytest.mark.parametrize("name", THREADED)
def test_some_threads_stay_free_for_probes(services, containers, name):
    assert 0 < services[name].container_concurrency <= gunicorn(containers[name]).threads - 2


def test_submit_has_room_for_more_than_all_who_may_wait(services, containers):
    arguments = gunicorn(containers["submit"])

    assert ("functions.submit.greenlets.Worker", 0) == (
        arguments.worker_class,
        services["submit"].container_concurrency,
    )
    assert arguments.worker_connections >= 4 * lookout.PLACES


def test_submit_is_not_waited_for_until_a_thousand_are_inside(services):
    assert services["submit"].target <= 200


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gunicorn_starts_the_functions_own_app(containers, name):
    assert ["gunicorn"] == containers[name]["command"]
    assert [f"functions.{name}.app:create_app()"] == gunicorn(containers[name]).args


@pytest.mark.parametrize("name", FUNCTIONS)
def test_liveness_and_readiness_are_probed(containers, name):
    assert "/healthz" == containers[name]["livenessProbe"]["httpGet"]["path"]
    assert {"httpGet": {"path": "/readyz"}} == containers[name]["readinessProbe"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_liveness_waits_for_a_start_that_is_asked_about_each_second(containers, name):
    probe, liveness = (containers[name][each] for each in ("startupProbe", "livenessProbe"))
    patience = probe["periodSeconds"] * probe["failureThreshold"]

    assert ("/healthz", 1) == (probe["httpGet"]["path"], probe["periodSeconds"])
    assert patience >= 60
    assert patience > liveness["periodSeconds"] * liveness["failureThreshold"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_container_is_confined(templates, containers, name):
    assert {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    } == containers[name]["securityContext"]
    assert templates[name]["spec"]["automountServiceAccountToken"] is False
    assert "/tmp" in {each["mountPath"] for each in containers[name]["volumeMounts"]}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_feature_flag_of_knative_is_needed(templates, name):
    spec = templates[name]["spec"]

    assert set() == set(spec) - FREE_OF_FLAGS
    assert [] == [volume for volume in spec["volumes"] if set(volume) != {"name", "emptyDir"}]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_ceiling_of_a_default_cluster_is_kept(services, name):
    assert services[name].timeout <= timedelta(seconds=600)


def test_one_drawing_is_one_pod_is_one_gpu(services, templates):
    generate = services["generate"]
    annotations = templates["generate"]["metadata"]["annotations"]

    assert (1, 1, 1.0) == (generate.container_concurrency, generate.gpus, generate.target)
    assert (0, 8) == (generate.min_scale, generate.max_scale)
    assert "-1" == annotations["autoscaling.knative.dev/target-burst-capacity"]


def test_only_generate_holds_gpus(services):
    assert {"generate"} == {name for name, service in services.items() if service.gpus}


def test_a_long_drawing_is_not_taken_for_a_dead_worker(containers):
    assert 0 == gunicorn(containers["generate"]).timeout


def test_loading_weights_has_time_before_the_probe_and_the_autoscaler_give_up(templates, containers):
    probe = containers["generate"]["startupProbe"]
    deadline = templates["generate"]["metadata"]["annotations"]["serving.knative.dev/progress-deadline"]
    patience = probe["periodSeconds"] * probe["failureThreshold"]

    assert 600 <= patience < int(deadline.removesuffix("s"))


def test_a_store_that_is_away_does_not_restart_a_container(containers):
    probes = [container[each] for container in containers.values() for each in ("livenessProbe", "startupProbe")]

    assert {"/healthz"} == {probe["httpGet"]["path"] for probe in probes}


def test_a_busy_interpreter_has_minutes_before_it_is_restarted(containers):
    probe = containers["generate"]["livenessProbe"]

    assert probe["periodSeconds"] * probe["failureThreshold"] >= 120


def test_a_node_is_not_tidied_away_under_a_drawing(templates):
    annotations = templates["generate"]["metadata"]["annotations"]

    assert "false" == annotations["cluster-autoscaler.kubernetes.io/safe-to-evict"]
    assert "true" == annotations["karpenter.sh/do-not-disrupt"]


def test_all_instances_of_submit_alone_grant_no_more_than_a_rate(services):
    assert LOCAL_SHARES >= services["submit"].max_scale
