"""The certificate of the pages: made once, renewed in time, for the machine's names; a given one is used as it is."""

from __future__ import annotations

import datetime as dt
import hashlib
import ssl
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from sealgate.model.errors import InvalidValue
from sealgate.settings import Settings
from sealgate.web.certificate import Files, fingerprint, names_of_this_machine, own
from sealgate.web.serving import certificate_of, tls

if TYPE_CHECKING:
    from pathlib import Path

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
NAMES = ("gw.example.com", "192.0.2.1", "2001:db8::1")


def certificate(files: Files) -> x509.Certificate:
    return x509.load_pem_x509_certificate(files.certificate.read_bytes())


def test_it_is_made_once(tmp_path: Path) -> None:
    first = own(tmp_path, NAMES, NOW).certificate.read_bytes()

    assert own(tmp_path, NAMES, NOW).certificate.read_bytes() == first


def test_it_is_made_anew_two_weeks_before_it_ends(tmp_path: Path) -> None:
    first = own(tmp_path, NAMES, NOW).certificate.read_bytes()
    late = NOW + dt.timedelta(days=825 - 13)

    assert own(tmp_path, NAMES, late).certificate.read_bytes() != first


def test_it_is_made_anew_when_the_key_is_gone(tmp_path: Path) -> None:
    files = own(tmp_path, NAMES, NOW)
    first = files.certificate.read_bytes()
    files.key.unlink()

    assert own(tmp_path, NAMES, NOW).certificate.read_bytes() != first


def test_it_is_made_anew_when_it_cannot_be_read(tmp_path: Path) -> None:
    own(tmp_path, NAMES, NOW).certificate.write_text("nonsense")

    tls(own(tmp_path, NAMES, NOW))


def test_it_is_for_names_and_addresses(tmp_path: Path) -> None:
    names = certificate(own(tmp_path, NAMES, NOW)).extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    assert names.get_values_for_type(x509.DNSName) == ["gw.example.com"]
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["192.0.2.1", "2001:db8::1"]


def test_it_lasts_as_long_as_browsers_take(tmp_path: Path) -> None:
    made = certificate(own(tmp_path, NAMES, NOW))

    assert made.not_valid_after_utc - NOW == dt.timedelta(days=825)


def test_the_key_is_for_its_owner_only(tmp_path: Path) -> None:
    assert own(tmp_path, NAMES, NOW).key.stat().st_mode & 0o777 == 0o600


def test_no_half_written_file_stays(tmp_path: Path) -> None:
    own(tmp_path, NAMES, NOW)

    assert sorted(file.name for file in tmp_path.iterdir()) == ["certificate.pem", "key.pem"]


def test_a_file_that_a_broken_start_left_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / ".key.pem.new").write_text("half")

    tls(own(tmp_path, NAMES, NOW))


def test_the_fingerprint_is_that_of_the_certificate(tmp_path: Path) -> None:
    files = own(tmp_path, NAMES, NOW)
    der = ssl.PEM_cert_to_DER_cert(files.certificate.read_text())

    assert fingerprint(files.certificate).replace(":", "") == hashlib.sha256(der).hexdigest().upper()


def test_a_file_without_a_certificate_has_no_fingerprint(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").touch()

    with pytest.raises(InvalidValue, match="holds no certificate"):
        fingerprint(tmp_path / "empty.pem")


def test_this_machine_is_called_by_its_name_and_by_loopback() -> None:
    assert {"localhost", "127.0.0.1", "::1"} < set(names_of_this_machine())


def test_a_given_certificate_is_used(tmp_path: Path) -> None:
    settings = Settings.of(tmp_path, {"web_certificate": "/etc/x.pem", "web_key": "keys/x.key"})

    files = certificate_of(settings, NOW)

    assert (str(files.certificate), files.key) == ("/etc/x.pem", tmp_path / "keys/x.key")


def test_a_given_certificate_may_hold_its_key(tmp_path: Path) -> None:
    settings = Settings.of(tmp_path, {"web_certificate": "both.pem"})

    assert certificate_of(settings, NOW).key == tmp_path / "both.pem"


def test_without_a_given_one_the_gateway_makes_its_own(tmp_path: Path) -> None:
    settings = Settings.of(tmp_path, {})

    assert certificate_of(settings, NOW).certificate == tmp_path / "web/certificate.pem"


@pytest.mark.parametrize("text", ["", "nonsense"])
def test_a_certificate_that_cannot_be_used_is_refused_with_its_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.pem").write_text(text)

    with pytest.raises(InvalidValue, match=r"x\.pem.*cannot be used"):
        tls(Files(tmp_path / "x.pem", tmp_path / "x.pem"))


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, second = own(tmp_path / "a", NAMES, NOW), own(tmp_path / "b", NAMES, NOW)

    with pytest.raises(InvalidValue):
        tls(Files(first.certificate, second.key))
