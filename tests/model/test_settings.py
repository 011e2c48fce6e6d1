"""Settings are read from text or JSON, kept in one canonical form, and shown in words."""

from __future__ import annotations

import dataclasses
import ipaddress

import pytest

from sealgate.model.errors import InvalidValue
from sealgate.model.mta import SETTINGS, Settings, settings_from
from sealgate.model.names import HostName, NextHop


def refusal(name: str, value: object) -> str:
    with pytest.raises(InvalidValue) as caught:
        settings_from({name: value})
    return str(caught.value)


def test_every_attribute_of_settings_is_registered():
    assert [s.attribute for s in SETTINGS.values()] == [field.name for field in dataclasses.fields(Settings)]


@pytest.mark.parametrize("name", SETTINGS)
def test_the_registered_default_is_the_default_of_the_value(name):
    setting = SETTINGS[name]

    assert getattr(Settings(), setting.attribute) == setting.default


@pytest.mark.parametrize("name", SETTINGS)
def test_the_default_survives_its_canonical_form(name):
    setting = SETTINGS[name]

    assert setting.parse(setting.to_json(setting.default)) == setting.default


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_explains_itself_and_its_default(name):
    setting = SETTINGS[name]

    assert len(setting.help) > 40
    assert setting.title
    assert setting.show(setting.default)


def test_absent_settings_have_their_defaults():
    assert settings_from({}) == Settings()


def test_an_unknown_setting_is_named():
    assert refusal("relayhost", "x") == "relayhost: There is no such setting."


def test_all_faults_are_reported_together():
    with pytest.raises(InvalidValue) as caught:
        settings_from({"my-hostname": "gw", "before-filter-size-limit": 0})

    assert [p.field for p in caught.value.problems] == ["my-hostname", "before-filter-size-limit"]


@pytest.mark.parametrize(
    ("text", "size"),
    [
        (10485760, 10485760),
        ("10485760", 10485760),
        ("10MiB", 10485760),
        ("10 MiB", 10485760),
        ("10M", 10485760),
        ("10 MB", 10000000),
        ("1.5 GiB", 1610612736),
        ("20 kb", 20000),
        ("4096 bytes", 4096),
    ],
)
def test_a_size_is_read_with_its_unit(text, size):
    assert settings_from({"before-filter-size-limit": text}).before_filter_size_limit == size


@pytest.mark.parametrize("text", [0, "0", "0 MiB", -1, "unlimited", "10 XB", "", "1e9", 1 << 63, "9" * 30, True, 1.5])
def test_a_size_that_is_none_or_unlimited_is_refused(text):
    assert refusal("before-filter-size-limit", text)


def test_the_refusal_of_no_limit_says_what_is_possible():
    assert "there is no “unlimited”" in refusal("before-filter-size-limit", 0)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5d", 432000), ("3h", 10800), ("450s", 450), ("450", 450), (450, 450), ("1d 12h", 129600), ("2 weeks", 1209600)],
)
def test_a_time_is_read_with_its_unit(text, seconds):
    assert settings_from({"queue-lifetime": text}).queue_lifetime == seconds


@pytest.mark.parametrize("text", ["5x", "d", "five days", "-1", -1, "101d", "1.5d", [], {}])
def test_a_time_out_of_range_or_without_meaning_is_refused(text):
    assert refusal("queue-lifetime", text)


@pytest.mark.parametrize(
    ("value", "hop"),
    [
        ("smtp.example.net", NextHop(HostName("smtp.example.net"), 25)),
        ("smtp.example.net:587", NextHop(HostName("smtp.example.net"), 587)),
        ("smtp.example.net:587 mx", NextHop(HostName("smtp.example.net"), 587, mx=True)),
        ("192.0.2.1:2525", NextHop(ipaddress.ip_address("192.0.2.1"), 2525)),
        ("[2001:db8::1]:2525", NextHop(ipaddress.ip_address("2001:db8::1"), 2525)),
        ("2001:db8::1", NextHop(ipaddress.ip_address("2001:db8::1"), 25)),
        ({"host": "SMTP.example.net", "port": "587"}, NextHop(HostName("smtp.example.net"), 587)),
        ({"host": "bücher.example"}, NextHop(HostName("xn--bcher-kva.example"), 25)),
        ("", None),
        (None, None),
    ],
)
def test_a_relay_host_is_read_from_text_or_parts(value, hop):
    assert settings_from({"external-relay-host": value}).external_relay_host == hop


@pytest.mark.parametrize(
    "value",
    [
        "[smtp.example.net",
        "smtp.example.net:abc",
        "smtp.example.net 25",
        "smtp.example.net:0",
        "smtp.example.net:70000",
        "192.0.2.1 mx",
        {"host": "192.0.2.1", "mx": True},
        {"host": "smtp.example.net", "weight": 1},
        {},
        "smtp",
        "smtp.example.net,relay.example.net",
        "$myhostname",
        "/etc/hosts",
    ],
)
def test_a_next_hop_that_postfix_would_only_fail_on_later_is_refused(value):
    assert refusal("external-relay-host", value)


def test_a_name_in_brackets_is_explained():
    assert "brackets are Postfix's way" in refusal("external-relay-host", "[smtp.example.net]")


@pytest.mark.parametrize("code", [450, "450", 550, 421, 599])
def test_any_4xx_or_5xx_code_rejects_unverified_recipients(code):
    assert settings_from({"unverified-recipient-reject-code": code}).unverified_recipient_reject_code == int(code)


@pytest.mark.parametrize("code", [45, 999, 250, "5xx", None, 600])
def test_a_code_that_is_no_rejection_is_refused(code):
    assert refusal("unverified-recipient-reject-code", code)


@pytest.mark.parametrize("name", ["gw", "192.0.2.1", "gw.example.com/24", "bad name.example", "_x.example.com", "a..b"])
def test_a_hostname_is_fully_qualified(name):
    assert refusal("my-hostname", name)


def test_listeners_are_read_with_and_without_ports():
    settings = settings_from({"listen-on": "192.0.2.1, [2001:db8::1]:25, *:2525 587"})

    assert [str(listener) for listener in settings.listen_on] == ["192.0.2.1", "[2001:db8::1]:25", "*:2525", "*:587"]


def test_settings_that_are_not_set_say_what_holds_instead():
    assert SETTINGS["after-filter-size-limit"].show(None) == "not set (three times the before filter limit)"


def test_the_after_filter_limit_follows_the_before_filter_limit():
    assert settings_from({"before-filter-size-limit": "1MiB"}).effective_after_filter_size_limit == 3 * 1024 * 1024


def test_a_private_key_among_the_certificates_is_refused_without_being_shown():
    text = refusal("tls-certificate", "-----BEGIN PRIVATE KEY-----\nMIIEvgIBADANBgkq\n-----END PRIVATE KEY-----\n")

    assert "private key" in text
    assert "MIIEvg" not in text


def test_a_stored_key_is_shown_as_stored_only():
    key = settings_from({"tls-key": "k-1"}).tls_key

    assert SETTINGS["tls-key"].show(key) == "stored"


def test_a_key_pasted_where_its_name_belongs_is_not_repeated():
    assert "MIIE" not in refusal("tls-key", "-----BEGIN PRIVATE KEY-----\nMIIEvgIBADANBgkq\n")
