import threading

import pytest

from edge.channel import Channel, Closed, Overflow


def test_items_come_out_in_order() -> None:
    channel = Channel[int](3)
    for number in range(3):
        channel.put(number)
    assert [channel.get(0) for _ in range(3)] == [0, 1, 2]


def test_a_full_channel_of_a_camera_drops_the_oldest_and_says_so() -> None:
    dropped: list[int] = []
    channel = Channel[int](2, Overflow.DROP_OLDEST, dropped.append)
    for number in range(5):
        channel.put(number)
    channel.close()
    assert dropped == [0, 1, 2]
    assert list(channel) == [3, 4]


def test_a_full_channel_of_a_file_waits_and_loses_nothing() -> None:
    channel = Channel[int](1)
    received: list[int] = []
    reader = threading.Thread(target=lambda: received.extend(channel))
    reader.start()
    for number in range(200):
        channel.put(number)
    channel.close()
    reader.join(30)
    assert received == list(range(200))


def test_closing_wakes_a_sender_that_waits() -> None:
    channel = Channel[int](1)
    channel.put(1)
    threading.Timer(0.1, channel.close).start()
    with pytest.raises(Closed):
        channel.put(2)  # for ever, otherwise


def test_closing_wakes_a_receiver_that_waits() -> None:
    channel = Channel[int](1)
    threading.Timer(0.1, channel.close).start()
    with pytest.raises(Closed):
        channel.get(100)  # gives None, otherwise


def test_what_is_inside_comes_out_after_closing() -> None:
    channel = Channel[int](2)
    channel.put(1)
    channel.close()
    assert channel.get(0) == 1
    with pytest.raises(Closed):
        channel.get(0)
    with pytest.raises(Closed):
        channel.put(2)


def test_waiting_without_an_item_ends_after_the_timeout() -> None:
    assert Channel[int](1).get(0.01) is None


def test_a_channel_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Channel[int](0)
