"""Two stages at once: pictures are encoded on the CPU while the GPU decodes the next ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from threading import Event, Semaphore
from typing import TypeVar

T = TypeVar("T")


class Broken(Exception):
    """Ends the later stage when the earlier one has failed; nobody outside ever sees it."""


def overlapped(items: Iterable[T], consume: Callable[[Iterator[T]], None]) -> None:
    """`consume(items)` in a thread of its own, while this one makes the items; no more than one waits.

    Whatever either stage raises is raised here, once the other one has ended too.
    """
    between: SimpleQueue[tuple[T] | None] = SimpleQueue()
    wanted, gone, whole = Semaphore(1), Event(), Event()

    def arriving() -> Iterator[T]:
        while (parcel := between.get()) is not None:
            yield parcel[0]
            wanted.release()
        if not whole.is_set():
            raise Broken

    def later() -> None:
        try:
            consume(arriving())
        finally:
            gone.set()
            wanted.release()

    with ThreadPoolExecutor(1, thread_name_prefix="overlap") as pool:
        end = pool.submit(later)
        try:
            for item in items:
                wanted.acquire()
                if gone.is_set():
                    break
                between.put((item,))
            whole.set()
        finally:
            between.put(None)
    end.result()
