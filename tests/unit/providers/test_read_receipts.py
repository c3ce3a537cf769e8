"""Which messages a receipt for a moment is about."""

from __future__ import annotations

from roomkit.providers.messenger.receipts import UnreadMessages


def test_the_newest_fifty_to_each_person() -> None:
    unread = UnreadMessages()
    for number in range(60):
        unread.note("ada", [f"m_{number}"], at=float(number))
    assert unread.read_up_to("ada", 100.0) == [f"m_{number}" for number in range(10, 60)]


def test_people_who_were_not_written_to_for_long_are_forgotten() -> None:
    unread = UnreadMessages()
    for number in range(10_001):
        unread.note(f"person-{number}", ["m_1"], at=1.0)
    assert unread.read_up_to("person-0", 2.0) == []
    assert unread.read_up_to("person-1", 2.0) == ["m_1"]
