"""What `make run` says once it is ready."""

from __future__ import annotations

from local.options import Options

_TEXT = """
  Flipbook runs on this machine. It is for one machine: production is Knative on Kubernetes.

  Page               {page}
  API                {api}
  API key            {key}
  Broker             {broker}
  Status             {status}
  Webhook secret     {secret}
  Callbacks          to loopback addresses are allowed here
  Accelerators       {accelerators}

  Try it:
    curl {api}/v1/videos -H 'Authorization: Bearer {key}' \\
      -H 'Content-Type: application/json' -d '{{"prompt": "A paper boat on a lake"}}'

  Ctrl-C stops.
"""


def banner(options: Options, *, key: str, broker: str, secret: str, accelerators: str) -> str:
    # Behind the # the key goes to the browser alone, and to no server's log.
    link = f"{options.api_url}/#key={key}"
    return _TEXT.format(
        page=link if (options.web_dir / "index.html").is_file() else "not built; see above, and web/README.md",
        api=options.api_url,
        key=key,
        broker=broker,
        status=f"{options.broker_url}/status",
        secret=secret,
        accelerators=accelerators,
    )
