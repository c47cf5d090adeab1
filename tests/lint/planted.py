"""What lint finds in the manifests: file, the text there, what it becomes, and the rule that must name the line with @@.

`tests/planting.py` explains the @@. What the one-machine runtime does not play is in tests/local/test_*_faults.py.
"""

GENERATE = "knative/base/generate.yaml"
SUBMIT = "knative/base/submit.yaml"
NOTIFY = "knative/base/notify.yaml"
CONFIG = "knative/base/config.yaml"
BASE = "knative/base/kustomization.yaml"
EVENTING = "eventing/kustomization.yaml"
BROKER = "eventing/100-broker.yaml"
WAKE = "eventing/200-generate.yaml"
RESULTS = "eventing/210-notify.yaml"
PING = "eventing/300-recover.yaml"

_SCALE = "autoscaling.knative.dev/"

FAULTS = {
    "a tab for an indentation": (GENERATE, "  name: generate\n", "@@\tname: generate\n", "yaml"),
    "a file that is not there": (BASE, "  - notify.yaml", "@@  - notfy.yaml", "kustomization"),
    "a folder that leads back to itself": (BASE, "  - notify.yaml", "@@  - .", "kustomization"),
    "a name that no file can have": (BASE, "  - notify.yaml", "@@  - " + "x" * 300, "kustomization"),
    "a field that kustomize does not know": (BASE, "resources:", "@@resorces:", "kustomization"),
    "a name that stands twice": (
        GENERATE,
        "      containerConcurrency: 1\n",
        "      containerConcurrency: 1\n@@      containerConcurrency: 2\n",
        "twice",
    ),
    "a kind that does not exist": (WAKE, "kind: Trigger", "@@kind: Triger", "kind"),
    "a version that does not exist": (PING, "sources.knative.dev/v1\n", "sources.knative.dev/v7\n", "kind@@kind: Ping"),
    "a misspelt field of a revision": (GENERATE, "      timeoutSeconds: 600", "@@      timoutSeconds: 600", "field"),
    "a misspelt field of a container": (
        GENERATE, "            runAsNonRoot: true", "@@            runAsNonroot: true", "field",
    ),
    "a misspelt field of a Trigger": (WAKE, "  subscriber:", "@@  subcriber:", "field"),
    "a number as text": (GENERATE, "containerConcurrency: 1", 'containerConcurrency: "1"@@', "field"),
    "an annotation that is no text": (GENERATE, 'max-scale: "8"', "max-scale: 8@@", "field"),
    "a unit that does not exist": (GENERATE, "memory: 48Gi", "memory: 48GB@@", "field"),
    "a name with capitals": (NOTIFY, "  name: notify\n", "@@  name: Notify\n", "name"),
    "one object twice": (NOTIFY, "  name: notify\n", "@@  name: submit\n", "once"),
    "no namespace": (EVENTING, "namespace: flipbook\n", "", "namespace@@eventing/100-broker.yaml:metadata:"),
    "a key that the ConfigMap has not": (SUBMIT, "key: MAX_QUEUED}", "key: MAX_QUEUE}@@", "reference"),
    "a mount without a volume": (GENERATE, "{name: shm, mount", "{name: shn, mount@@", "reference"),
    "a timeout above the ceiling": (GENERATE, "      timeoutSeconds: 600", "@@      timeoutSeconds: 1800", "timeout"),
    "no time for the first byte": (
        GENERATE, "      responseStartTimeoutSeconds: 600\n", "", "timeout@@timeoutSeconds: 600",
    ),
    "less time for the first byte": (
        GENERATE, "responseStartTimeoutSeconds: 600", "responseStartTimeoutSeconds: 300@@", "timeout",
    ),
    "a silent request is cut": (GENERATE, "idleTimeoutSeconds: 600", "idleTimeoutSeconds: 60@@", "timeout"),
    "a field behind a feature flag": (
        GENERATE,
        "      enableServiceLinks: false",
        "      enableServiceLinks: false\n@@      nodeSelector: {gpu: h100}",
        "feature",
    ),
    "a claim without the flag": (
        GENERATE, "emptyDir: {sizeLimit: 1Gi}", "persistentVolumeClaim: {claimName: w, readOnly: true}@@", "feature",
    ),
    "a claim that is read-only in one place": (
        GENERATE,
        "emptyDir: {sizeLimit: 1Gi}",
        "persistentVolumeClaim: {claimName: w, readOnly: true}",
        "read-only@@- {name: weights, mountPath: /weights}",
    ),
    "a port that is Knative's": (SUBMIT, "containerPort: 8080", "containerPort: 8012@@", "reserved"),
    "a variable that is Knative's": (SUBMIT, "- name: K_SINK", "- name: K_SERVICE@@", "reserved"),
    "a hook that is Knative's": (
        NOTIFY,
        "          resources:",
        "@@          lifecycle: {preStop: {sleep: {seconds: 5}}}\n          resources:",
        "reserved",
    ),
    "a grace that is Knative's": (
        GENERATE,
        "      enableServiceLinks: false",
        "      enableServiceLinks: false\n@@      terminationGracePeriodSeconds: 60",
        "field",
    ),
    "scaling annotated on the Service": (
        GENERATE,
        "  labels:\n",
        '  annotations:\n@@    autoscaling.knative.dev/max-scale: "4"\n  labels:\n',
        "annotation-place",
    ),
    "a rollout annotated on the template": (
        SUBMIT, _SCALE + 'min-scale: "1"', 'serving.knative.dev/rollout-duration: "60s"@@', "annotation-place",
    ),
    "a misspelt scaling annotation": (GENERATE, _SCALE + "max-scale", "@@" + _SCALE + "maxscale", "scaling"),
    "a window out of bounds": (GENERATE, _SCALE + "window: 60s", _SCALE + "window: 5s@@", "scaling"),
    "a span in ISO where Go's is meant": (GENERATE, "window: 60s", "window: PT60S@@", "scaling"),
    "a start from zero without the switch": (
        GENERATE, _SCALE + 'min-scale: "0"', _SCALE + 'initial-scale: "0"@@', "initial-scale",
    ),
    "two GPUs for each drawing": (
        GENERATE, _SCALE + 'target-utilization-percentage: "100"', "a/b: c", "gpu@@      annotations:",
    ),
    "a queue behind a busy GPU": (
        GENERATE, 'target-burst-capacity: "-1"', 'target-burst-capacity: "0"', "gpu@@      annotations:",
    ),
    "several drawings on one GPU": (GENERATE, "containerConcurrency: 1", "containerConcurrency: 2@@", "gpu"),
    "an autoscaler that gives up while weights load": (
        GENERATE, "progress-deadline: 1800s", "progress-deadline: 600s@@", "deadline",
    ),
    "a file system that can be written to": (
        GENERATE, "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false@@", "hardening",
    ),
    "a token that nobody needs": (
        NOTIFY, "      automountServiceAccountToken: false\n", "", "hardening@@    spec:",
    ),
    "no limit of memory": (NOTIFY, "limits: {memory: 384Mi}", "limits: {cpu: 2}@@", "resources"),
    "an image that changes": (SUBMIT, "functions:0.1.0", "functions:latest@@", "image"),
    "a readiness probe that is refused": (
        SUBMIT,
        "httpGet: {path: /readyz}",
        "httpGet: {path: /readyz}\n@@            timeoutSeconds: 3",
        "probe",
    ),
    "a store that restarts pods": (
        SUBMIT, "httpGet: {path: /healthz}", "httpGet: {path: /readyz}@@", "probe",
    ),
    "a store that restarts pods, by its other name": (
        SUBMIT, "httpGet: {path: /healthz}", "httpGet: {path: /health/readiness}@@", "probe",
    ),
    "a grace that is longer than the pod's": (GENERATE, "graceful-timeout=540", "graceful-timeout=590@@", "grace"),
    "a long drawing taken for a dead worker": (GENERATE, "--timeout=0", "--timeout=30@@", "grace"),
    "no thread for probes": (NOTIFY, "--threads=8", "--threads=4@@", "grace"),
    "a node that goes under a drawing": (
        GENERATE, 'safe-to-evict: "false"', 'safe-to-evict: "true"', "interruption@@      annotations:",
    ),
    "a class of Broker that does not exist": (
        BROKER, "broker.class: MTChannelBasedBroker", "broker.class: MTChannelBased@@", "broker",
    ),
    "a Broker that keeps its producers waiting": (
        BROKER, '    messaging.knative.dev/async-handler: "true"\n', "", "broker@@  annotations:",
    ),
    "a filter that RabbitMQ passes over": (
        WAKE,
        "  subscriber:",
        "@@  filters: [{prefix: {type: dev}}]\n  subscriber:",
        "filter",
    ),
    "a type that nobody sends": (WAKE, "video.queued.v1", "video.queud.v1@@", "filter"),
    "an attribute that cannot be": (WAKE, "      bell: ring", "@@      Bell: ring", "filter"),
    "a subscriber that is not there": (WAKE, "kind: Service, name: generate", "kind: Service, name: gen@@", "subscriber"),
    "a Service of Kubernetes for one of Knative": (
        PING, "apiVersion: serving.knative.dev/v1", "apiVersion: v1@@", "subscriber",
    ),
    "a token that is not shown": (
        WAKE,
        "  subscriber:\n",
        "  subscriber:\n@@    audience: flipbook\n",
        "subscriber",
    ),
    "a Broker that rings twice": (WAKE, "timeout: PT610S", "timeout: PT300S@@", "delivery"),
    "Go's duration where ISO's is meant": (WAKE, "backoffDelay: PT2S", "backoffDelay: 2s@@", "delivery"),
    "delivery left to the Broker": (WAKE, "    retry: 5\n", "", "delivery@@  delivery:"),
    "a field that is alpha and off": (
        WAKE, "    retry: 5\n", "    retry: 5\n@@    retryAfterMax: PT30S\n", "delivery",
    ),
    "RabbitMQ wakes one GPU": (WAKE, 'parallelism: "8"', 'parallelism: "1"@@', "parallelism"),
    "a schedule with a field too many": (PING, '"* * * * *"', '"* * * * * *"@@', "schedule"),
    "a variable that is no setting": (GENERATE, "- name: LEASE_SECONDS", "- name: LEASE_SECS@@", "variable"),
    "a function that is told another limit": (
        GENERATE, 'value: "600"', 'value: "900"@@', "request-limit",
    ),
    "more bells than GPUs": (CONFIG, 'WAKE_LIMIT: "8"', 'WAKE_LIMIT: "9"@@', "bells"),
    "the address of another class of Broker": (
        CONFIG, "http://broker-ingress.knative", "http://kafka-broker-ingress.knative@@", "broker-address",
    ),
    "a setting in a wrong unit": (CONFIG, 'LEASE_SECONDS: "60"', 'LEASE_SECONDS: "60s"@@', "setting"),
    "a lease that two lost beats end": (CONFIG, 'HEARTBEAT_SECONDS: "4"', 'HEARTBEAT_SECONDS: "30"@@', "setting"),
    "a checkpoint too rarely": (
        CONFIG, 'CHECKPOINT_SECONDS: "30"', 'CHECKPOINT_SECONDS: "400"', "longest-run@@knative/base/generate.yaml:- name: CHECKPOINT_SECONDS",
    ),
    "a GPU that is open to the world": (
        NOTIFY, "  labels:\n    networking.knative.dev/visibility: cluster-local\n", "", "public@@metadata:",
    ),
}  # fmt: skip
