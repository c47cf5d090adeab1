"""Starts the runtime on the pickled Platform that a test has made, in the storm of a seed if there is one. SIGUSR1: says what it is doing."""

import asyncio
import os
import pickle
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from local import log
from local.errors import CannotStart
from local.options import Options
from local.runtime import serve


def tell(*_):
    for task in asyncio.all_tasks():
        task.print_stack(file=sys.stderr)


log.start()
signal.signal(signal.SIGUSR1, tell)
try:
    platform = pickle.loads(Path(sys.argv[1]).read_bytes())
    chaos = int(sys.argv[2]) if sys.argv[2:] else None
    sys.exit(0 if serve(platform, Options.from_env(os.environ, chaos=chaos), os.environ) else 1)
except CannotStart as error:
    sys.stderr.write(f"flipbook: {error}\n")
    sys.exit(2)
