"""What Knative does that a function can feel, and the test that shows the same here.

The rows of Serving 1.23 and Eventing 1.22 as read from their sources or measured on a cluster (Kubernetes 1.34, MT
Broker on InMemoryChannel). One that no function can feel says why instead.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fact:
    says: str
    tests: tuple[str, ...] = ()
    """`file::function` in this folder, or from the folder of all tests where it begins with one."""
    unfelt: str = ""


def shown(says: str, *tests: str) -> Fact:
    return Fact(says, tests)


def unfelt(says: str, why: str) -> Fact:
    return Fact(says, unfelt=why)


MEASURED = {
    "wake from zero": shown(
        "the first event starts a pod, and waits for it",
        "test_measured.py::test_the_first_event_wakes_a_service_from_zero",
        "test_scaling.py::test_from_zero_to_one_and_back_to_zero",
    ),
    "six events at a Broker without async handler": shown(
        "the producers' POSTs return as their events are done, two at a time",
        "test_broker_classes.py::test_six_events_held_by_two_instances_keep_their_producers_waiting_in_turn",
        "test_broker_classes.py::test_a_synchronous_broker_answers_its_producer_when_every_subscriber_is_done",
    ),
    "async handler": shown(
        "202 at once", "test_broker_classes.py::test_the_same_broker_with_the_async_handler_answers_at_once"
    ),
    "headers of a delivery": shown(
        "Ce-*, Ce-Knativearrivaltime, Prefer, Kn-Namespace, K-Proxy-Request, X-Forwarded-For, Host, User-Agent",
        "test_doors.py::test_an_event_is_accepted_and_delivered_as_on_knative",
    ),
    "two to one with one busy": shown(
        "the busy pod is deleted, hears SIGTERM 30 s later in mid-request, and ends it",
        "test_scale_down.py::test_from_two_to_one_the_busy_instance_goes_and_hears_sigterm_in_mid_request",
    ),
    "200 with a JSON body": shown(
        "failed, and delivered again after 2, 4 and 8 s",
        "test_events.py::test_a_filled_body_that_is_no_event_counts_as_failed",
        "test_delivery.py::test_what_a_body_means",
    ),
    "500": shown(
        "delivered again after delay * 2^n, without jitter",
        "test_events.py::test_a_retriable_answer_is_retried_after_waits_that_double",
    ),
    "longer than timeoutSeconds": shown(
        "504, the function goes on, the retries are answered 429, the event is gone",
        "test_measured.py::test_after_504_the_retries_meet_the_busy_function_and_the_event_is_gone",
        "test_scaling.py::test_a_request_that_waits_too_long_is_given_up_while_the_function_goes_on",
    ),
    "a third event behind two busy pods": shown(
        "its clock began on arrival; 504, and the same event runs on both pods at once",
        "test_measured.py::test_an_event_that_waited_behind_two_busy_ones_runs_on_both_at_once",
    ),
    "pod deleted by force in mid-request": shown(
        "a failure, a retry that waits for the new pod, and the event again from the start",
        "test_events.py::test_a_server_killed_in_mid_request_is_replaced_and_its_event_comes_again",
    ),
    "worker killed in mid-request": shown(
        "gunicorn boots a new one, and the Broker tries again",
        "test_events.py::test_a_worker_killed_in_mid_request_gets_its_event_again",
    ),
    "default target utilisation": shown(
        "one request makes two pods",
        "test_measured.py::test_at_the_default_of_seventy_per_cent_one_request_makes_two_instances",
        "test_manifests.py::test_the_default_target_is_seventy_percent_of_what_an_instance_admits",
    ),
    "dead letter": shown(
        "knativeerrorcode, -dest and -data, knativebrokerttl 255, no Prefer; a sink that refuses is retried, then lost",
        "test_events.py::test_used_up_retries_end_at_the_dead_letter_sink",
        "test_delivery.py::test_a_dead_letter_about_an_empty_answer_carries_empty_data",
        "test_measured.py::test_a_dead_letter_sink_that_refuses_is_tried_again_and_then_the_event_is_lost",
    ),
    "Broker ingress": shown(
        "202 accepted, 400 no CloudEvent, 404 no Broker, 405 GET",
        "test_doors.py::test_what_the_broker_answers",
        "conformance/test_broker.py::test_nothing_can_be_read_from_it",
    ),
    "admission": shown(
        "fields that need a flag are refused",
        "test_knative_faults.py::test_a_fault_is_reported_with_its_line",
        "test_eventing_faults.py::test_a_fault_is_reported_with_its_line",
    ),
    "gunicorn without a home": shown(
        "complains unless its control socket is off",
        "conformance/test_runtime_contract.py::test_a_container_without_a_home_says_nothing_of_gunicorns_socket",
    ),
    "Debian 12's Python": shown(
        "needs async-timeout for redis, so no image is built with it",
        "image/test_install.py::test_another_python_is_refused_by_name",
    ),
}

SCALE_DOWN = {
    "a held request counts for its whole life": shown(
        "a revision with one is never scaled to zero",
        "test_autoscaler.py::test_the_story_of",
        "test_autoscaler.py::test_rounding_noise_of_an_average_is_no_request",
    ),
    "three to two is blind": MEASURED["two to one with one busy"],
    "the drain counts arrivals": shown(
        "SIGTERM comes 30 s after the deletion, busy or idle",
        "test_scale_down.py::test_an_idle_instance_drains_too_and_scales_to_zero_that_much_later",
        "test_scale_down.py::test_from_two_to_one_the_busy_instance_goes_and_hears_sigterm_in_mid_request",
    ),
    "the queue-proxy goes on to the answer": shown(
        "a function that ends its request after SIGTERM is heard",
        "test_scaling.py::test_an_instance_that_goes_lets_its_request_end",
        "conformance/test_runtime_contract.py::test_after_sigterm_a_held_bell_is_answered_and_the_job_put_back",
    ),
    "SIGKILL": shown(
        "timeoutSeconds after the deletion, not after SIGTERM",
        "test_scale_down.py::test_one_that_will_not_end_is_killed_a_timeout_after_its_deletion",
    ),
    "the victim keeps its GPU": shown(
        "and its request counts, so the next pod is made and Pending",
        "test_scale_down.py::test_while_it_drains_it_holds_its_gpu_and_the_next_instance_is_pending",
    ),
    "annotations against eviction": shown(
        "are copied to the pod: they stand on the template, and lint misses them",
        "manifests/test_services.py::test_a_node_is_not_tidied_away_under_a_drawing",
        "lint/test_planted_faults.py::test_a_planted_fault_is_found",
    ),
    "a deleted Service": unfelt("has the same grace", "here the whole platform stops, within 10 s"),
}

QUEUES = {
    "the queue-proxy's queue": unfelt(
        "11 places, then 503", "the activator is always before it and sends one at a time"
    ),
    "the activator's queue": shown(
        "10,000 places; more are 503, and waiting past the timeout is 504",
        "test_activator.py::test_too_long_a_queue_refuses",
        "test_measured.py::test_a_queue_that_is_full_is_503_at_once",
        "test_measured.py::test_whoever_waits_past_the_timeout_is_504_without_having_been_served",
    ),
    "the first free pod": shown(
        "for a concurrency up to 3, else the least busy",
        "test_activator.py::test_a_small_concurrency_fills_the_first_and_a_large_one_spreads",
    ),
    "two activators": unfelt(
        "one lets wait while the other's pod idles", "there is one; --chaos delivers late instead"
    ),
    "target-burst-capacity": shown(
        "0 would queue behind busy GPUs; only -1 is played",
        "test_knative_faults.py::test_a_fault_is_reported_with_its_line",
    ),
    "target utilisation": MEASURED["default target utilisation"],
    "panic": shown("no scaling down for a window after a burst", "test_autoscaler.py::test_the_story_of"),
    "scale to zero": shown(
        "after window, retention and drain",
        "test_scaling.py::test_from_zero_to_one_and_back_to_zero",
        "test_scale_down.py::test_an_idle_instance_drains_too_and_scales_to_zero_that_much_later",
    ),
    "initial-scale": unfelt("1: a new revision starts a pod to prove itself", "here nothing is started unasked"),
    "max-scale": shown(
        "caps; the rest waits", "test_scaling.py::test_two_instances_never_hold_more_than_one_request_each"
    ),
    "misplaced annotations": shown("are refused", "test_knative_faults.py::test_a_fault_is_reported_with_its_line"),
    "progress-deadline": shown(
        "what wakes has 30 s more than that to be ready, though nobody waits any more",
        "test_scale_down.py::test_what_wakes_is_let_wake_though_those_who_woke_it_have_given_up",
        "test_scale_down.py::test_one_that_is_not_ready_by_its_progress_deadline_goes",
    ),
    "responseStartTimeoutSeconds": shown(
        "504 for a silent request before its timeout; a default that would do so is refused",
        "test_measured.py::test_a_request_that_says_nothing_in_time_is_504_though_its_timeout_is_longer",
        "test_knative_faults.py::test_a_fault_is_reported_with_its_line",
    ),
}

DELIVERY = {
    "statuses": shown(
        "404, 408, 409, 429 and 5xx are retried, and no answer; other 4xx and 3xx are not",
        "test_delivery.py::test_what_a_status_leads_to",
        "test_events.py::test_a_refusal_goes_to_the_dead_letter_sink_at_once",
    ),
    "duplicates": shown(
        "must be borne; source and id are the identity",
        "conformance/test_events.py::test_an_event_that_comes_twice_is_one_video_in_whatever_mode",
        "test_chaos.py::test_an_event_may_be_lost_late_doubled_or_its_answer_unheard",
    ),
    "order": shown(
        "there is none, unless Kafka is asked for it",
        "test_broker_classes.py::test_kafka_out_of_order_lets_others_pass_one_that_is_retried",
        "test_broker_classes.py::test_kafka_in_order_waits_for_each_event_to_end_with_its_retries",
    ),
    "202 is no reply": shown("whatever it holds", "test_delivery.py::test_what_a_body_means"),
    "a filled body": shown(
        "502 and retried, dead letter at once, or nothing: by class",
        "test_delivery.py::test_what_a_filled_body_leads_to_differs_by_class",
        "test_broker_classes.py::test_kafka_sends_an_event_that_was_answered_with_a_body_to_the_dead_letters_at_once",
        "test_broker_classes.py::test_rabbitmq_does_not_look_at_the_body_and_takes_a_refusal_for_done",
    ),
    "reply": shown(
        "comes back through the Broker, 255 times at most",
        "test_events.py::test_an_event_in_the_answer_comes_back_through_the_broker",
        "test_delivery.py::test_replies_to_replies_come_to_an_end",
    ),
    "backoff": shown(
        "exponential without jitter or cap, or linear",
        "test_delivery.py::test_the_waits_double_and_end_in_a_dead_letter_and_its_waits_double_and_end_in_a_loss",
        "test_delivery.py::test_linear_backoff_is_a_multiple_of_the_retry",
    ),
    "Retry-After": shown(
        "not heeded; retryAfterMax is refused",
        "test_measured.py::test_retry_after_is_not_heeded",
        "test_eventing_faults.py::test_a_fault_is_reported_with_its_line",
    ),
    "timeout": shown(
        "of a delivery: tried again while the function goes on",
        "test_events.py::test_a_delivery_that_takes_too_long_is_retried_while_the_function_goes_on",
        "test_broker_classes.py::test_kafkas_default_timeout_is_ten_minutes_and_others_wait_for_ever",
    ),
    "defaults": shown(
        "retry 10, exponential, PT0.2S",
        "test_manifests.py::test_a_broker_that_says_nothing_of_delivery_has_knatives_defaults",
    ),
    "dead-letter attributes": shown(
        "errordata is base64 of 1,024 bytes at most; RabbitMQ has none",
        "test_delivery.py::test_a_dead_letter_says_who_refused_it_and_how",
        "test_delivery.py::test_a_dead_letter_of_rabbitmq_has_the_code_and_no_words",
    ),
}

FACTS = {"measured": MEASURED, "scale down": SCALE_DOWN, "queues": QUEUES, "delivery": DELIVERY}
