"""The least that a callback can cost: POSTs of the same size over new connections, by http.client in some threads.

    python bench/bare_posts.py PORT COUNT THREADS

Prints the seconds and the CPU seconds that they took.
"""

from __future__ import annotations

import http.client
import sys
import time
from concurrent.futures import ThreadPoolExecutor

BODY = b"x" * 1800


def post(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
    connection.request("POST", "/hook", BODY, {"Content-Type": "application/json", "Connection": "close"})
    connection.getresponse().read()
    connection.close()


if __name__ == "__main__":
    port, count, threads = map(int, sys.argv[1:])
    with ThreadPoolExecutor(threads) as pool:
        began, spent = time.perf_counter(), time.process_time()
        list(pool.map(post, [port] * count))
        print(time.perf_counter() - began, time.process_time() - spent)
