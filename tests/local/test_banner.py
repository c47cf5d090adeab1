"""What is said when the platform is up."""

import pytest

from local.banner import banner
from local.options import Options


@pytest.fixture
def said(tmp_path):
    def say():
        options = Options.from_env({"PORT": "9000", "WEB_DIR": str(tmp_path)})
        return banner(options, key="fb_key", broker="b", secret="s", accelerators="a").splitlines()

    return say


def test_the_page_opens_by_a_link_that_no_server_is_told_the_key_of(said, tmp_path):
    (tmp_path / "index.html").touch()

    assert "  Page               http://127.0.0.1:9000/#key=fb_key" in said()


def test_where_the_page_was_not_built_it_says_so(said):
    assert "  Page               not built; see above, and web/README.md" in said()
