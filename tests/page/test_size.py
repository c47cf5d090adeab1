"""What a browser must fetch before it shows the page."""

import gzip
import re

from tests import needs
from tests.page.visitor import WEB

MOST_SCRIPT = 150_000
"""Bytes of JavaScript, compressed as submit does it."""


def test_the_first_load_is_small():
    needs.require_folder(WEB / "dist")
    index = (WEB / "dist/index.html").read_text()

    scripts = re.findall(r'(?:src|href)="/(assets/[^"]+\.js)"', index)

    assert len(scripts) >= 1
    assert sum(len(gzip.compress((WEB / "dist" / name).read_bytes())) for name in scripts) < MOST_SCRIPT
