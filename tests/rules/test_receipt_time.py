"""Whose word counts for the time of receipt: a trusted proxy's, the kernel's, or that of who read the last byte."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest

from marketplace import config
from marketplace.core import clock
from tenders.bids.receipt_time import LastRead, is_trusted, proxy_time

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def msec(instant: datetime) -> str:
    return f"{int(instant.timestamp())}.{instant.microsecond // 1000:03}"


def test_a_proxys_millisecond_counts_to_its_end_and_never_past_our_own_receipt() -> None:
    just_before = NOON - timedelta(milliseconds=1)
    later = NOON + timedelta(seconds=2)
    assert proxy_time([msec(just_before)], later) == NOON - timedelta(microseconds=1)
    assert proxy_time([msec(NOON)], later) == NOON + timedelta(microseconds=999)
    assert proxy_time([msec(later)], NOON) == NOON


@pytest.mark.parametrize(
    "values",
    [[], ["1795348800"], ["1795348800.1"], ["-1795348800.000"], ["1795348800.000,1795348800.000"], ["noon"],
     ["１795348800.000"], [msec(NOON), msec(NOON)], [msec(NOON - timedelta(seconds=61))]],
)  # fmt: skip
def test_a_proxy_that_names_no_time_that_can_be_is_not_believed(values: list[str]) -> None:
    assert proxy_time(values, NOON) is None


def test_only_listed_proxies_and_local_sockets_are_believed() -> None:
    listed = "10.0.0.5, 192.168.0.0/24 fd00::/8"
    assert all(is_trusted(each, listed) for each in ("", "10.0.0.5", "192.168.0.9", "fd00::1"))
    assert not any(is_trusted(each, listed) for each in ("10.0.0.6", "127.0.0.1", "::1"))
    assert not is_trusted("10.0.0.5", "")


def test_settings_that_name_no_header_or_no_address_are_refused() -> None:
    with pytest.raises(config.SettingRefused, match="no header's name"):
        config.load_settings({"MARKETPLACE_RECEIPT_HEADER": "X_Received At"})
    with pytest.raises(config.SettingRefused, match="no address or network"):
        config.load_settings({"MARKETPLACE_PROXY_ADDRESSES": "10.0.0.5, proxy.example"})


def test_without_a_word_from_outside_it_is_when_the_last_byte_was_read() -> None:
    with clock.clock_at(NOON):
        body = LastRead(io.BytesIO(b"one\ntwo\n"))
    with clock.clock_at(NOON + timedelta(seconds=1)):
        assert body.readline() == b"one\n"
    with clock.clock_at(NOON + timedelta(seconds=2)):
        assert list(body) == [b"two\n"]
    with clock.clock_at(NOON + timedelta(seconds=3)):
        assert body.read() == b""
    assert body.at == NOON + timedelta(seconds=2)
