"""What is counted. Labels take values from fixed sets only: never an id, a URL or a prompt."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter("flipbook_requests_total", "HTTP requests answered", ["method", "route", "status"])
RATE_LIMITED = Counter("flipbook_rate_limited_total", "Requests refused because their key came too often", ["budget"])
WATCHERS = Gauge("flipbook_watchers", "Callers held because they wait for news of a video")
JOBS_CREATED = Counter("flipbook_jobs_created_total", "Jobs accepted", ["model"])
JOBS_FINISHED = Counter("flipbook_jobs_finished_total", "Attempts' ends by the job's next state", ["model", "state"])
JOB_SECONDS = Histogram(
    "flipbook_job_seconds",
    "From the request to the end of a job",
    ["model", "state"],
    buckets=(1, 5, 15, 30, 60, 120, 240, 360, 600, 1200, 3600),
)
QUEUE_SECONDS = Histogram(
    "flipbook_queue_seconds",
    "From the request to the first claim",
    ["model"],
    buckets=(0.1, 1, 5, 15, 30, 60, 120, 300, 600, 3600),
)
GPU_SECONDS = Histogram(
    "flipbook_gpu_seconds",
    "GPU time of completed videos",
    ["model"],
    buckets=(1, 5, 15, 30, 60, 120, 240, 300, 360, 480, 600, 1200, 3600),
)
ESTIMATES = Counter(
    "flipbook_estimates_total",
    "Completed videos by what was foretold of their length, long or short, and whether it was true",
    ["model", "verdict"],
)
ESTIMATE_ERROR = Histogram(
    "flipbook_estimate_error_ratio",
    "By which share of the truth the expected GPU time missed it",
    ["model"],
    buckets=(0.01, 0.02, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2, 5, 10),
)
ESTIMATES_EXCEEDED = Counter(
    "flipbook_estimates_exceeded_total", "Completed videos that took longer than the cautious estimate", ["model"]
)
LEASES_EXPIRED = Counter("flipbook_leases_expired_total", "Workers that were lost")
EVENTS_RESENT = Counter("flipbook_events_resent_total", "Outbox rows sent by recover")
UNTOLD = Counter("flipbook_events_untold_total", "Events left to recover because too many waited to be sent")
DEAD_LETTERS = Counter("flipbook_dead_letters_total", "Events that the Broker gave up on")
DELIVERIES = Counter("flipbook_deliveries_total", "Callback POSTs by what they came to", ["outcome"])
