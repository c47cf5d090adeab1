"""What the functions need from the outside, one Protocol each. Adapters keep these promises.

Every method may raise `Unavailable` (a TemporaryError) when its server cannot be reached; then
the call may or may not have had its effect, and repeating it is safe. Times are aware UTC datetimes.
"""

from shared.ports.api_keys import MAX_KEYS, KeyPage, KeyStore, Sighting
from shared.ports.artifacts import ArtifactStore
from shared.ports.changes import Changes, Listening
from shared.ports.dead_letters import DeadLetterStore
from shared.ports.deliveries import DeliveryPage, DeliveryStore
from shared.ports.endpoints import MAX_ENDPOINTS, WebhookEndpointStore
from shared.ports.issuers import KeySetSource
from shared.ports.jobs import Holding, JobStore, Page, QueueDepth
from shared.ports.outbox import Outbox
from shared.ports.publisher import EventPublisher
from shared.ports.queue import Queue
from shared.ports.rates import RateStore
from shared.ports.runs import KEPT_RUNS, RunStore
from shared.ports.webhooks import WebhookSender

__all__ = [
    "KEPT_RUNS",
    "MAX_ENDPOINTS",
    "MAX_KEYS",
    "ArtifactStore",
    "Changes",
    "DeadLetterStore",
    "DeliveryPage",
    "DeliveryStore",
    "EventPublisher",
    "Holding",
    "JobStore",
    "KeyPage",
    "KeySetSource",
    "KeyStore",
    "Listening",
    "Outbox",
    "Page",
    "Queue",
    "QueueDepth",
    "RateStore",
    "RunStore",
    "Sighting",
    "WebhookEndpointStore",
    "WebhookSender",
]
