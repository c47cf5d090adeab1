"""Load from wrk, another process: as fast as it gets, or at a pace."""

from __future__ import annotations

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

EXPECTED_MS = 15
"""How long an answer takes, roughly: connections that wait for one do not ask."""

_SCRIPT = """
wrk.method = %(method)s
wrk.body = %(body)s
for name, value in string.gmatch(%(headers)s, "([^:\\n]+): ([^\\n]+)") do wrk.headers[name] = value end
local paths = %(paths)s
local n = 0
request = function()
    n = n + 1
    return wrk.format(nil, paths[n %% #paths + 1])
end
if %(pause)f > 0 then
    math.randomseed(7)
    delay = function() return math.random() * 2 * %(pause)f end
end
done = function(summary, latency, requests)
    print(string.format('{"requests": %%d, "micros": %%d, "bad": %%d, "p50": %%f, "p99": %%f, "max": %%f}',
        summary.requests, summary.duration, summary.errors.status + summary.errors.connect + summary.errors.read
        + summary.errors.write + summary.errors.timeout, latency:percentile(50), latency:percentile(99), latency.max))
end
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What came of it; latencies in milliseconds. `bad`: answers that are no 2xx or 3xx, or none at all."""

    requests: int
    rate: float
    p50: float
    p99: float
    most: float
    bad: int


def load(
    port: int,
    paths: list[str],
    key: str,
    *,
    seconds: float = 8,
    connections: int = 16,
    body: str | None = None,
    rate: float | None = None,
) -> Load:
    """Ask for the paths in turn; POST if there is a body. With `rate`, about so many a second: each connection
    pauses at random between two requests, and its pauses do not count."""
    pause = max(connections / rate * 1000 - EXPECTED_MS, 0.1) if rate else 0.0
    head = f"Authorization: Bearer {key}\nContent-Type: application/json\n"
    text = _SCRIPT % {
        "method": _lua("POST" if body else "GET"),
        "body": _lua(body) if body else "nil",
        "headers": _lua(head),
        "paths": "{" + ", ".join(map(_lua, paths)) + "}",
        "pause": pause,
    }
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        Path(script.name).write_text(text)
        command = ["wrk", "-t1", f"-c{connections}", f"-d{max(round(seconds), 1)}s", "--timeout=10s", "-s", script.name]
        said = subprocess.run(
            [*command, f"http://127.0.0.1:{port}/"], check=True, capture_output=True, text=True, timeout=seconds + 30
        ).stdout
    found = json.loads(said.strip().splitlines()[-1])
    return Load(
        requests=found["requests"],
        rate=found["requests"] / found["micros"] * 1e6,
        p50=found["p50"] / 1000,
        p99=found["p99"] / 1000,
        most=found["max"] / 1000,
        bad=found["bad"],
    )


def _lua(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"
