"""What receivers do that no library would: each leads one visit to a peer (peers.py)."""

from __future__ import annotations

import socket

from tests.peers import Visit


def hang(visit: Visit) -> None:
    visit.request()
    visit.wait(60)


def hang_before_reading(visit: Visit) -> None:
    visit.wait(60)


def drip_a_status(visit: Visit) -> None:
    visit.request()
    visit.drip(b"H", every=0.05)


def drip_a_head(visit: Visit) -> None:
    visit.request()
    visit.send(b"HTTP/1.1 200 OK\r\n")
    visit.drip(b"X-Again: 1\r\n", every=0.05)


def drip_and_then_hang(visit: Visit) -> None:
    visit.request()
    visit.send(b"HTTP/1.1 200 OK\r\n")
    for _ in range(14):
        visit.send(b"X-Again: 1\r\n")
        visit.wait(0.05)
    visit.wait(60)


def drip_interim_answers(visit: Visit) -> None:
    visit.request()
    while True:
        visit.send(b"HTTP/1.1 102 Processing\r\n\r\n")
        visit.wait(0.05)


def drip_a_body(visit: Visit) -> None:
    visit.request()
    visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    visit.drip(b"x", every=0.05)


def flood_a_body(visit: Visit) -> None:
    visit.request()
    visit.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        visit.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")


def flood_a_head(visit: Visit) -> None:
    visit.request()
    visit.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        visit.send(b"X-Again: 1\r\n" * 1000)


def hang_up(visit: Visit) -> None:
    visit.request()


def reset(visit: Visit) -> None:
    visit.request()
    # With linger 0 a close is a reset.
    visit.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    visit.connection.close()


def break_off_in_the_body(visit: Visit) -> None:
    visit.request()
    visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345")


def babble(visit: Visit) -> None:
    visit.request()
    visit.send(b"220 mail.example.com ESMTP\r\n\r\n")
