"""Which hosts the platform's owner lets callers have their videos sent to."""

import pytest

from shared.core.upload import UploadHosts, told


@pytest.mark.parametrize(
    ("names", "url", "allowed"),
    [
        ([], "https://a.example.com/", False),
        (["*"], "https://a.example.com/", True),
        (["*"], "https://", False),
        (["a.example.com"], "https://a.example.com:444/b?c", True),
        (["a.example.com"], "https://A.EXAMPLE.com./", True),
        (["a.example.com"], "https://b.a.example.com/", False),
        (["*.example.com"], "https://b.a.example.com/", True),
        (["*.example.com"], "https://example.com/", False),
        (["*.example.com"], "https://notexample.com/", False),
        (["x", "a.example.com"], "https://x@evil.net/", False),
        (["a.example.com"], "https://evil.net\\@a.example.com.net/", False),
    ],
)
def test_a_host_is_allowed_by_its_whole_name_or_by_what_it_stands_below(names, url, allowed):
    assert allowed is UploadHosts.of(names).allow(url)


@pytest.mark.parametrize(
    "word", ["https://a.example.com", "a.example.com/b", "**", "*a.example.com", "A.com", "a:443", ""]
)
def test_what_is_no_host_is_no_setting(word):
    with pytest.raises(ValueError, match="names of hosts"):
        UploadHosts.of([word])


def test_a_url_is_told_without_its_query():
    assert "https://a/b" == told("https://a/b?c=d?e") == told("https://a/b")
