"""Log lines: nothing gets in that was not named, and nobody else can write a line."""

import logging
import sys

import pytest

from shared.telemetry.log import FIELDS, LineFormatter, set_up

CANARY = "canary-7f3a"


def line(message: str = "job accepted", *, exc_info: bool = False, **extra: object) -> str:
    record = logging.getLogger("shared.test").makeRecord(
        "shared.test",
        logging.INFO,
        "file.py",
        1,
        message,
        (),
        sys.exc_info() if exc_info else None,
        extra=extra,
    )
    return LineFormatter().format(record)


def test_a_line_is_the_level_the_sentence_and_the_fields_in_their_order():
    assert "INFO job accepted job=video_1 model=mochi-1-tiny" == line(model="mochi-1-tiny", job="video_1")


def test_a_field_without_a_value_is_left_out_and_a_zero_is_not():
    assert "INFO job accepted step=0" == line(job=None, step=0)


@pytest.mark.parametrize("field", ["prompt", "api_key", "url", "secret", "authorization", "body", "headers"])
def test_a_field_that_is_not_named_is_not_printed(field):
    assert field not in FIELDS
    assert "INFO job accepted" == line(**{field: CANARY})


BREAKS = ["\n", "\r\n", "\r", "\v", "\f", "\x1b[2K", "\x85", "\N{LINE SEPARATOR}", "\N{RIGHT-TO-LEFT OVERRIDE}"]


@pytest.mark.parametrize("mark", BREAKS, ids=ascii)
def test_a_value_cannot_begin_a_line_or_move_the_cursor(mark):
    written = line(f"said{mark}INFO forged", error=f"gone{mark}INFO forged")

    assert written.isprintable()
    assert 1 == len(written.splitlines())


def open_nothing(text: str) -> None:
    raise LookupError(text)


@pytest.mark.parametrize("mark", BREAKS, ids=ascii)
def test_an_exceptions_text_cannot_begin_a_line_either(mark):
    try:
        open_nothing(f"bad{mark}INFO forged")
    except LookupError:
        written = line(exc_info=True)

    first, *trace = written.split("\n")
    assert "INFO job accepted" == first
    assert all(text.startswith("    ") and text.isprintable() for text in trace)
    assert any("LookupError: bad" in text for text in trace)


@pytest.fixture
def restored_loggers():
    loggers = [logging.getLogger(name) for name in (None, "functions", "shared")]
    before = [(logger.level, logger.handlers[:]) for logger in loggers]
    yield
    for logger, (level, handlers) in zip(loggers, before, strict=True):
        logger.setLevel(level)
        logger.handlers[:] = handlers


@pytest.mark.usefixtures("restored_loggers")
def test_our_lines_go_to_stderr_from_our_level_on_and_those_of_libraries_from_warning_on(capsys):
    set_up("DEBUG")
    logging.getLogger("shared.adapters").debug("ours")
    logging.getLogger("urllib3").info("a URL with a signature")
    logging.getLogger("urllib3").warning("theirs")

    assert ("", "DEBUG ours\nWARNING theirs\n") == tuple(capsys.readouterr())
