"""Messages between daemon and capture process."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uprightd.camera.order import Order, SourceKind
from uprightd.camera.protocol import (
    BEAT,
    FRAME,
    LENGTHS,
    LONGEST_HEADER,
    STATE,
    Gone,
    Inbox,
    Message,
    ProtocolError,
    packed,
)

PICTURE = {"width": 4, "height": 2, "wall": 1.0, "mono": 2.0, "mean": 3.0, "spread": 4.0}


@pytest.fixture
def line() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        yield ours, theirs


def drained(inbox: Inbox) -> list[Message]:
    messages = []
    while (message := inbox.receive()) is not None:
        messages.append(message)
    return messages


@settings(max_examples=50, deadline=None)
@given(cuts=st.lists(st.integers(1, 40), max_size=30), payload=st.binary(min_size=24, max_size=24))
def test_messages_come_out_whole_however_they_are_cut(cuts: list[int], payload: bytes) -> None:
    sent = packed(BEAT, {"grabbed": 1}) + packed(FRAME, PICTURE, 24) + payload + packed(BEAT, {"grabbed": 2})
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        inbox = Inbox(ours)
        got: list[Message] = []
        for cut in [*cuts, len(sent)]:
            theirs.sendall(sent[:cut])
            sent = sent[cut:]
            got += drained(inbox)
    assert [message.kind for message in got] == [BEAT, FRAME, BEAT]
    assert got[1].payload is not None
    assert bytes(got[1].payload) == payload
    assert got[1].fields == PICTURE
    assert [got[0].fields["grabbed"], got[2].fields["grabbed"]] == [1, 2]


def test_a_closed_line_is_told_even_in_the_middle_of_a_picture(
    line: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = line
    inbox = Inbox(ours)
    theirs.sendall(packed(FRAME, PICTURE, 24) + b"x" * 10)
    assert inbox.receive() is None
    theirs.close()
    with pytest.raises(Gone):
        inbox.receive()


def raw(header: bytes, payload: int = 0) -> bytes:
    return LENGTHS.pack(len(header), payload) + header


@pytest.mark.parametrize(
    "data",
    [
        LENGTHS.pack(0, 0),
        LENGTHS.pack(LONGEST_HEADER + 1, 0),
        b"Traceback (most recent call last)",
        raw(b"no json"),
        raw(b"[]"),
        raw(b"{}"),
        raw(b'{"kind": 3}'),
        packed(BEAT, {}, payload_size=10),
        packed(BEAT, {"grabbed": "many"}),
        packed(BEAT, {"cpu": True}),
        packed(STATE, {"state": "on fire"}),
        packed(FRAME, PICTURE, 23),
        packed(FRAME, PICTURE, 25),
        packed(FRAME, PICTURE),
        packed(FRAME, {**PICTURE, "on_canvas": True}, 24),
        packed(FRAME, {**PICTURE, "width": 0}, 24),
        packed(FRAME, {**PICTURE, "width": -4, "height": -2}, 24),
        packed(FRAME, {**PICTURE, "width": "4"}, 24),
        packed(FRAME, {**PICTURE, "width": 20_000, "height": 20_000}, 1_200_000_000),
        packed(FRAME, {name: value for name, value in PICTURE.items() if name != "mono"}, 24),
    ],
    ids=lambda data: repr(data[8:48]),
)
def test_nonsense_is_refused_before_any_payload_is_made_room_for(
    line: tuple[socket.socket, socket.socket], data: bytes
) -> None:
    ours, theirs = line

    def allocate(size: int) -> memoryview:
        raise AssertionError(f"room for {size} bytes")

    theirs.sendall(data)
    with pytest.raises(ProtocolError):
        Inbox(ours, allocate).receive()


def test_an_order_survives_the_way() -> None:
    order = Order(SourceKind.URL, "rtsp://anna:geheim@host/x", pace="fast", start_at=3.5, probe=True)
    assert Order.of(json.loads(json.dumps(order.fields()))) == order
