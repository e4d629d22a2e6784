"""Days and times as people write and read them, on London's clock."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

from marketplace.core.clock import LONDON, london

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July",
    "August", "September", "October", "November", "December",
)  # fmt: skip
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_TIME = re.compile(r"^(?P<hour>[0-9]{1,2})(?:[:.](?P<minute>[0-9]{2}))?\s*(?P<half>[ap]\.?m\.?)?$")
_FOUR_DIGITS = re.compile(r"^(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})$")


class NotAMoment(ValueError):
    """Text that names no day, no time, or a time that London's clock skips or shows twice; says what to enter."""


def parse_month(text: str) -> int:
    """1 to 12 from "3", "03", "Mar" or "march"; raises NotAMoment."""
    if re.fullmatch(r"[0-9]{1,2}", text) and 1 <= int(text) <= 12:
        return int(text)
    if len(text) >= 3:
        for number, name in enumerate(MONTHS, start=1):
            if name.lower().startswith(text.lower()):
                return number
    raise NotAMoment("month")


def parse_time_of_day(text: str) -> time:
    """A wall-clock time from "14:00", "2pm", "2.30 pm", "1400" or "noon"; raises NotAMoment with what to enter."""
    plain = " ".join(text.lower().split())
    if plain in ("noon", "midday", "12 noon", "12noon", "12 midday"):
        return time(12)
    if plain in ("midnight", "12am", "12 am", "12 midnight"):
        raise NotAMoment("Midnight could mean the start or the end of the day. Enter 11:59pm or 0:00")
    found = _TIME.match(plain) or _FOUR_DIGITS.match(plain)
    if not found or (found["minute"] is None and not found.groupdict().get("half")):
        raise NotAMoment("Enter a time like 2pm, 2:30pm or 14:00")
    hour, minute, half = int(found["hour"]), int(found["minute"] or 0), found.groupdict().get("half") or ""
    if half and not 1 <= hour <= 12:
        raise NotAMoment("Enter a time like 2pm or 14:00, not both together")
    if half:
        hour = hour % 12 + (12 if half.startswith("p") else 0)
    if hour > 23 or minute > 59:
        raise NotAMoment("Enter a time between 0:00 and 23:59")
    return time(hour, minute)


def london_instant(day: date, at: time) -> datetime:
    """The UTC instant of a wall-clock time in London; refuses the hour the clocks skip and the one they repeat."""
    local = datetime.combine(day, at, tzinfo=LONDON)
    if london(local.astimezone(UTC)).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise NotAMoment("The clocks go forward that night, so there is no such time. Enter 2am or later")
    if local.utcoffset() != local.replace(fold=1).utcoffset():
        raise NotAMoment("The clocks go back that night, so that time happens twice. Enter 2am or later")
    return local.astimezone(UTC)


def day(on: date) -> str:
    """ "4 March 2026"; an instant is shown as its day in London."""
    if isinstance(on, datetime):
        on = london(on).date()
    return f"{on.day} {MONTHS[on.month - 1]} {on.year}"


def weekday_and_day(on: date) -> str:
    """ "Wednesday 4 March 2026"."""
    return f"{WEEKDAYS[on.weekday()]} {day(on)}"


def clock_time(at: time, seconds: bool = False) -> str:
    """ "1:00pm", "noon", "midnight"; with seconds always in figures, "1:00:07pm", "12:00:00 noon"."""
    if not seconds and at.minute == 0 and at.hour in (0, 12):
        return "noon" if at.hour else "midnight"
    figures = f"{at.hour % 12 or 12}:{at.minute:02}" + (f":{at.second:02}" if seconds else "")
    if at.hour in (0, 12) and at.minute == at.second == 0:  # "12:00pm" is read as either
        return f"{figures} {'noon' if at.hour else 'midnight'}"
    return figures + ("pm" if at.hour >= 12 else "am")


def moment(instant: datetime) -> str:
    """ "1:00pm on Wednesday 4 March 2026" in London; midnight says that it starts the day it names."""
    local = london(instant)
    at = clock_time(local.time())
    if at == "midnight":
        return f"midnight at the start of {weekday_and_day(local.date())}"
    return f"{at} on {weekday_and_day(local.date())}"


def moment_to_second(instant: datetime) -> str:
    """ "1:00:07pm on Wednesday 4 March 2026" in London."""
    local = london(instant)
    return f"{clock_time(local.time(), seconds=True)} on {weekday_and_day(local.date())}"


def lateness(at: datetime, limit: datetime) -> str:
    """How long an instant is after another, to the thousandth of a second while it is below a minute, rounded up."""
    late = at - limit
    if late < timedelta(minutes=1):
        return f"{-(-late // timedelta(milliseconds=1)) / 1000:.3f} seconds"
    return time_left(at, limit)


def short_moment(instant: datetime) -> str:
    """ "4 Mar 2026, 1:00pm" in London, for tables."""
    local = london(instant)
    return f"{local.day} {MONTHS[local.month - 1][:3]} {local.year}, {clock_time(local.time())}"


def iso(value: date) -> str:
    """ISO 8601; an instant in UTC with Z, to the second."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return value.isoformat()


def time_left(until: datetime, now: datetime) -> str:
    """How long until an instant, in the two largest units: "3 days and 4 hours", "12 minutes"; "" when past."""
    left = until - now
    if left <= timedelta():
        return ""
    minutes = int(left.total_seconds() // 60)
    units = (("day", minutes // 1440), ("hour", minutes // 60 % 24), ("minute", minutes % 60))
    said = [f"{count} {name}{'' if count == 1 else 's'}" for name, count in units if count][:2]
    return " and ".join(said) or "less than a minute"
