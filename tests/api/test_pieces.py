"""The small parts of the API: pointers, addresses, tags, cursors, declarations, and what the description says."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.api.test_access import OPERATIONS
from tests.api.test_schema import description

from sealgate.api.call import decode_cursor, encode_cursor
from sealgate.api.operations import Group
from sealgate.api.preconditions import UNSET, etag, parsed
from sealgate.api.problems import HttpProblem, address_of, of_error, of_told, pointer_of
from sealgate.model import errors
from sealgate.model.errors import InvalidValue, NodeFailed, Problem, Refused, SealgateError
from sealgate.model.findings import Place, warning
from sealgate.services.actor import Right
from sealgate.services.job_outcomes import fault_told
from sealgate.store import ANY

DOCUMENT = description()
OPERATION_OBJECTS = [
    (method, path, operation) for path, item in DOCUMENT["paths"].items() for method, operation in item.items()
]


def told(answer: Any) -> dict[str, Any]:
    problem: dict[str, Any] = json.loads(answer.body)
    return problem


@pytest.mark.parametrize(
    ("field", "at", "pointer"),
    [
        ("domain", "/fields", "/fields/domain"),
        ("comment", "/fields", "/comment"),
        ("domain", "", "/domain"),
        ("a/b~c", "/values", "/values/a~1b~0c"),
        ("", "/fields", ""),
        ("line 3", "/fields", ""),
        ("line 3, domain", "", ""),
        ("for", "", "/keep_minutes"),
    ],
)
def test_a_field_is_named_by_a_pointer_into_the_body(field: str, at: str, pointer: str) -> None:
    assert pointer_of(field, at, {"for": "keep_minutes"}) == pointer


@given(st.text(min_size=1), st.sampled_from(["", "/fields"]))
def test_a_pointer_reads_back_as_the_field(field: str, at: str) -> None:
    pointer = pointer_of(field, at, {})

    last = pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
    assert last == field or field.startswith("line ")


@pytest.mark.parametrize(
    ("noun", "key", "address"),
    [
        ("network", "10.0.0.0/8", "/api/v1/rows/network/10.0.0.0%2F8"),
        ("setting", "my-hostname", "/api/v1/settings/my-hostname"),
        ("own-lines", "main-cf", "/api/v1/own-lines/main-cf"),
        ("sasl", "[mx.example]:587", "/api/v1/rows/sasl/%5Bmx.example%5D%3A587"),
        ("", "x", ""),
        ("network", "", ""),
    ],
)
def test_every_object_has_one_address(noun: str, key: str, address: str) -> None:
    assert address_of(noun, key) == address


def test_every_error_of_the_tree_has_a_problem_of_its_own() -> None:
    kinds = [cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, SealgateError)]
    problems = {cls.__name__: told(of_error(cls("x") if cls is not InvalidValue else cls())) for cls in kinds}

    unknown = [name for name, problem in problems.items() if problem["status"] == 500 and name != "SealgateError"]
    assert unknown == []
    assert len({problem["type"] for problem in problems.values()}) == len(kinds)


def test_a_fault_of_the_program_does_not_tell_its_inside() -> None:
    problem = told(of_error(RuntimeError("secret path /srv/x")))

    assert (problem["status"], "/srv/x" in json.dumps(problem)) == (500, False)


def test_a_line_at_fault_is_a_number() -> None:
    problem = told(of_error(InvalidValue(Problem("line 12, domain", "No."), Problem("", "… and 3 more."))))

    assert [fault.get("line") for fault in problem["errors"]] == [12, None]


def test_findings_come_with_the_address_of_what_they_are_about() -> None:
    finding = warning("code", Place("rbl", "zen.example", "zone"), "what")

    (shown,) = told(of_error(Refused("no", [finding])))["findings"]

    assert (shown["address"], shown["pointer"]) == ("/api/v1/rows/rbl/zen.example", "/fields/zone")


@pytest.mark.parametrize("fault", [NodeFailed("x"), InvalidValue.of("no", "", "domain"), RuntimeError("y")])
def test_a_kept_error_becomes_the_problem_that_it_would_have_been(fault: Exception) -> None:
    assert of_told(fault_told(fault)) == told(of_error(fault))


@given(st.integers(0, 10**18 - 1))
def test_a_version_reads_back_from_its_tag(version: int) -> None:
    assert parsed(etag(version)).base == version


def test_the_tag_of_nothing_and_of_anything_read_back() -> None:
    assert (parsed(UNSET).base, parsed(" * ").base, etag(None)) == (None, ANY, UNSET)


@given(st.text(max_size=60))
def test_no_tag_is_a_fault_of_the_program(text: str) -> None:
    with suppress(InvalidValue, HttpProblem):
        assert parsed(text).base is not False


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=200))
def test_a_cursor_reads_back(text: str) -> None:
    assert decode_cursor(encode_cursor(text)) == text


@given(st.text(max_size=60))
def test_any_other_text_is_a_cursor_or_refused(text: str) -> None:
    with suppress(InvalidValue):
        assert isinstance(decode_cursor(text), str)


def test_an_operation_without_a_right_cannot_be_declared() -> None:
    group: Any = Group("x", "y")

    with pytest.raises(TypeError):
        group.get("/x")(lambda: None)
    assert group.operations == []


def test_what_only_shows_needs_no_right_to_change_anything() -> None:
    changing = {Right.EDIT, Right.APPLY, Right.RAW, Right.SECRETS, Right.OVERRIDE}

    assert [op.path for op in OPERATIONS if op.method == "GET" and op.right in changing] == []


def test_the_description_is_openapi_3_1_of_this_place() -> None:
    assert (DOCUMENT["openapi"], DOCUMENT["servers"]) == ("3.1.0", [{"url": "/api/v1"}])


@pytest.mark.parametrize(
    ("method", "path", "operation"), OPERATION_OBJECTS, ids=lambda v: v if isinstance(v, str) else ""
)
def test_every_operation_is_described(method: str, path: str, operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert f"Needs the right `{operation['x-right']}`." in operation["description"]
    assert {"401", "403", "422"} <= operation["responses"].keys()
    assert ("412" in operation["responses"]) == any(
        parameter["name"].lower() == "if-match" for parameter in operation.get("parameters", ())
    )


def test_the_headers_of_answers_are_described() -> None:
    def headers(path: str, method: str, status: str) -> set[str]:
        told = DOCUMENT["paths"][path][method]["responses"][status]
        name = told.get("$ref", "").rpartition("/")[2]
        return set((DOCUMENT["components"]["responses"][name] if name else told).get("headers", ()))

    assert headers("/rows/{noun}", "get", "200") == {"Link"}
    assert headers("/rows/{noun}", "post", "201") == {"ETag", "Location", "Idempotency-Replayed"}
    assert headers("/rows/{noun}/{key}", "get", "200") == {"ETag"}
    assert headers("/rehearsals", "post", "202") == {"Location", "Idempotency-Replayed"}
    assert headers("/rows/{noun}", "get", "429") == {"Retry-After"}


@pytest.mark.parametrize(
    ("method", "path", "operation"), OPERATION_OBJECTS, ids=lambda v: v if isinstance(v, str) else ""
)
def test_if_match_is_required_where_its_absence_is_refused(method: str, path: str, operation: dict[str, Any]) -> None:
    required = [p["name"] for p in operation.get("parameters", ()) if p["name"] == "if-match" and p["required"]]

    assert ("428" in operation["responses"]) == (required == ["if-match"]), (method, path)


def test_every_body_has_examples_that_are_its_own() -> None:
    bodies = {
        operation["operationId"]: operation["requestBody"]["content"]["application/json"]["schema"]
        for _method, _path, operation in OPERATION_OBJECTS
        if "application/json" in operation.get("requestBody", {}).get("content", {})
    }
    schemas = DOCUMENT["components"]["schemas"]

    def named(schema: dict[str, Any]) -> str:
        reference = schema.get("$ref") or next(one["$ref"] for one in schema["anyOf"] if "$ref" in one)
        return str(reference.rpartition("/")[2])

    without = [
        name
        for name, schema in bodies.items()
        if (required := schemas[named(schema)].get("required"))
        and not any(
            "examples" in schemas[named(schema)]["properties"][member]
            or not {"$ref", "enum"}.isdisjoint(schemas[named(schema)]["properties"][member])
            for member in required
        )
    ]
    assert without == []


def test_every_reference_of_the_description_leads_somewhere() -> None:
    text = json.dumps(DOCUMENT)
    named = [part.partition('"')[0].partition("/") for part in text.split('"#/components/')[1:]]

    assert [name for kind, _slash, name in named if name not in DOCUMENT["components"][kind]] == []
    assert "HTTPValidationError" not in text
