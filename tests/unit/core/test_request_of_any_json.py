"""Any JSON at all, and JSON that is nearly right: drawn or refused, never a bug."""

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.core.aliases import ALIASES, EXTRAS, LACKING
from shared.core.catalog import CATALOG
from shared.core.errors import InvalidRequest
from shared.core.request import VideoRequest, parse, resolve
from shared.core.text import MAX_PROMPT
from shared.core.wish import MAX_SEED, CreateVideo

MODELS = ("mochi-1-preview", "mochi-1-tiny")
TEXT = st.text(st.characters(), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=10,
)
OTHER_WORDS = [*ALIASES, *EXTRAS, *LACKING, "n", "user", "width", "height", "webhook_events_filter"]
BODIES = st.dictionaries(st.sampled_from([*CreateVideo.model_fields, *OTHER_WORDS, "a/b"]) | TEXT, JSON, max_size=6)
NEAR_MISSES = st.fixed_dictionaries(
    {"prompt": TEXT},
    optional={
        "model": st.sampled_from([*MODELS, "", "sora-2"]),
        "seconds": st.floats(0, 6) | st.sampled_from(["4", "1e0", "-0"]),
        "size": st.sampled_from(["848x480", "96x64", "00096x64", "0x0", "99999x16"]),
        "size_policy": st.sampled_from(["nearest", "exact"]),
        "num_frames": st.integers(-7, 170),
        "seed": st.integers(-1, MAX_SEED + 1),
        "num_inference_steps": st.integers(-1, 102),
        "guidance_scale": st.floats(-1, 21),
        "webhook": TEXT | st.fixed_dictionaries({"url": TEXT}, optional={"events": st.lists(TEXT, max_size=5)}),
        "metadata": st.dictionaries(TEXT, TEXT, max_size=3),
        "aspect_ratio": st.from_regex("[0-9]{1,3}:[0-9]{1,3}", fullmatch=True),
        "fps": st.sampled_from([24, 30, 60]),
        "priority": st.sampled_from(["low", "normal", "high", 0, 1, 2, 3]),
        "queue_ttl_seconds": st.integers(-1, 86401),
        "output": st.fixed_dictionaries({}, optional={"crf": st.integers(11, 41), "format": TEXT}),
        "cache": st.sampled_from(["use", "refresh", "off"]),
    },
)


@given(JSON | BODIES | NEAR_MISSES, st.booleans())
@settings(max_examples=400, deadline=None)
def test_any_json_is_either_drawable_or_refused_in_sentences(body, lenient):
    match outcome(body, lenient=lenient):
        case CreateVideo() as wish:
            assert_drawable(resolve(wish, models=MODELS, seed=7))
        case InvalidRequest() as refusal:
            assert_told(refusal)


def outcome(body: object, *, lenient: bool) -> CreateVideo | InvalidRequest:
    """Anything but these two is a bug, and fails the test by itself."""
    try:
        return parse(body, models=MODELS, lenient=lenient).wish
    except InvalidRequest as error:
        return error


def assert_told(refusal: InvalidRequest) -> None:
    assert refusal.problems
    for problem in refusal.problems:
        assert problem.pointer == "" or problem.pointer.startswith("/")
        assert " " in problem.detail
    # It can be written to a caller and to a log.
    str(refusal).encode()


def assert_drawable(request: VideoRequest) -> None:
    model = CATALOG[request.model]
    assert 1 == request.num_frames % 6
    assert 7 <= request.num_frames <= model.max_frames
    assert (0, 0) == (request.width % 16, request.height % 16)
    assert 64 <= request.width <= model.max_width
    assert 64 <= request.height <= model.max_height
    assert 2 <= request.num_inference_steps <= model.max_inference_steps
    assert 0 <= request.guidance_scale <= model.max_guidance_scale
    assert 0 <= request.seed <= MAX_SEED
    assert 1 <= len(request.prompt) <= MAX_PROMPT
    (request.prompt + request.negative_prompt).encode()
