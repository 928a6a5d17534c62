"""A clock that went ahead and was set right: a person says `resume`, and nothing goes out twice."""

from press_room import PressRoom, instant
from sparkpub.publishing import resume_everything


def test_a_rehearsal_of_a_later_day_does_not_stop_the_press_for_good(room: PressRoom) -> None:
    room.queue("a", at="2017-08-01")
    room.tick("2017-09-06 07:00")
    assert "clock went back" in room.tick("2017-08-02 07:00").agenda.pause
    resume_everything(room.press, now=instant("2017-08-02 07:00"))
    assert not room.tick("2017-08-02 08:00").agenda.pause


def test_what_was_released_under_a_wrong_clock_is_not_released_again(room: PressRoom) -> None:
    room.queue("a", at="2017-08-01")
    room.tick("2017-09-04 07:00")
    resume_everything(room.press, now=instant("2017-09-03 07:00"))
    room.tick("2017-09-03 08:00")
    room.tick("2017-09-04 08:00")
    assert room.released == ["2017-09-04 07:00 a/100"]
