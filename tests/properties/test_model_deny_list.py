"""However a foreign file is wrapped in own lines, the deny-list finds it; and ordinary lines stay free."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from sealgate.model.checking import CheckContext
from sealgate.model.parameters import OwnLines, deny_list

CONTEXT = CheckContext(dt.date(2030, 1, 1), config_dir="/srv/gw/conf")
PARAMETERS = st.sampled_from(
    [
        "mydestination",
        "smtpd_tls_CAfile",
        "header_checks",
        "smtpd_client_restrictions",
        "own_name",
        "virtual_alias_maps",
    ]
)
SECRET = st.sampled_from(["/etc/shadow", "/root/.ssh/id_rsa", "/proc/self/environ", "/srv/gw/node/group.key", "/"])


def around(path: str) -> st.SearchStrategy[str]:
    """Draw ways to write a file in a value."""
    simple = st.sampled_from(
        [path, f"hash:{path}", f"pcre:{path}", f"a, {path}", f"{{{path}}}", f"!{path}", f"x {path} y", f"\t{path}"]
    )
    return st.recursive(
        simple,
        lambda inner: st.one_of(
            inner.map(lambda text: f"proxy:{text.strip()}"),
            inner.map(lambda text: f"unionmap:{{{text}}}"),
            inner.map(lambda text: f"${{x?{text}}}"),
            inner.map(lambda text: f"${{x?{{a}}:{{{text}}}}}"),
            inner.map(lambda text: f"/etc/ssl/certs/a.pem, {text}"),
            inner.map(lambda text: f"{text} # and more"),
        ),
        max_leaves=4,
    )


def codes(main: str = "", master: str = "") -> set[str]:
    return {finding.code for finding in deny_list(OwnLines(main), OwnLines(master), CONTEXT)}


@given(PARAMETERS, SECRET.flatmap(around))
def test_a_foreign_file_in_a_value_is_found(name, value):
    assert "own-line-path" in codes(f"{name} = {value}\n")


@given(PARAMETERS, SECRET.flatmap(around))
def test_a_foreign_file_behind_an_own_name_is_found(name, value):
    assert "own-line-path" in codes(f"{name} = $a\na = ${{b}}\nb = {value}\n")


@given(SECRET.flatmap(around))
def test_a_foreign_file_in_an_option_is_found(value):
    assert "own-line-path" in codes("", f"x unix - - n - - smtp -o {{ smtp_tls_CAfile = {value} }}\n")


@given(st.sampled_from(["/etc", "/etc/", "/root", "/."]), st.sampled_from(["shadow", "/shadow", "../x", "./../x"]))
def test_a_foreign_file_in_two_halves_is_found(first, second):
    assert "own-line-path" in codes(f"a = {first}\nsmtpd_tls_CAfile = ${{a}}{second}\n")


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_text_is_judged_without_failing(main, master):
    codes(main, master)


@given(
    PARAMETERS.filter(lambda name: "file" not in name.lower()),
    st.lists(st.sampled_from(["a.example", "10.0.0.0/8", "[::1]", "permit", "x=y", "!b"]), max_size=5),
)
def test_words_without_files_are_free(name, values):
    assert codes(f"{name} = {', '.join(values)}\n") == set()
