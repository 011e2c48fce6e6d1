"""The examples of the API's description: every answer has one, each is as its schema says, and problems are told so."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest
from tests.api.conftest import PREFIX
from tests.api.test_schema import description

from sealgate.api import app, document
from sealgate.api.access import Context
from sealgate.api.bulk import EXAMPLES
from sealgate.api.examples import Examples, example
from sealgate.api.problems import MEDIA
from sealgate.api.shapes import Told
from sealgate.model.forms import read_csv, read_text
from sealgate.model.ndjson_forms import read_ndjson
from sealgate.model.nouns import NOUNS
from sealgate.model.yaml_forms import read_yaml
from sealgate.services.formats import Format
from sealgate.services.jobs import Jobs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx

DOCUMENT = description()
COMPONENTS = DOCUMENT["components"]


def answers(succeeding: bool) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Give operation, status, media type and content of every answer."""
    for item in DOCUMENT["paths"].values():
        for operation in item.values():
            for status, told in operation["responses"].items():
                whole = COMPONENTS["responses"][told["$ref"].rpartition("/")[2]] if "$ref" in told else told
                if status.startswith("2") is succeeding:
                    for media, content in whole["content"].items():
                        yield operation["operationId"], status, media, content


SUCCESSES = list(answers(succeeding=True))
REFUSALS = list(answers(succeeding=False))
named = pytest.mark.parametrize(
    ("operation", "media", "content"), [(name, media, content) for name, _status, media, content in SUCCESSES],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip


def told_in(content: dict[str, Any]) -> Any:
    """Return the example of an answer."""
    if "example" in content:
        return content["example"]
    answer = content["examples"]["answer"]
    return (COMPONENTS["examples"][answer["$ref"].rpartition("/")[2]] if "$ref" in answer else answer)["value"]


def fits(value: Any, schema: dict[str, Any]) -> None:
    """Fail unless a value is what a schema of the description describes."""
    jsonschema_rs.Draft202012Validator(schema | {"components": COMPONENTS}, validate_formats=True).validate(value)


@named
def test_every_answer_has_an_example_of_its_schema(operation: str, media: str, content: dict[str, Any]) -> None:
    value = told_in(content)

    fits(value, content["schema"])
    assert value not in ("", [], {}), (operation, media)


def test_there_is_an_answer_of_every_operation() -> None:
    operations = {operation["operationId"] for item in DOCUMENT["paths"].values() for operation in item.values()}

    assert {name for name, *_rest in SUCCESSES} == operations


def test_an_example_that_is_not_as_described_is_noticed() -> None:
    with pytest.raises(jsonschema_rs.ValidationError):
        fits({"noun": "relay-domain", "key": "example.com"}, {"$ref": "#/components/schemas/Saved"})


def test_every_problem_has_an_example_of_its_status() -> None:
    for operation, status, media, content in REFUSALS:
        value = told_in(content)

        fits(value, content["schema"])
        assert (media, value["status"]) == (MEDIA, int(status)), operation


def example_of(operation: str, media: str) -> Any:
    return next(told_in(found) for name, _status, kind, found in SUCCESSES if (name, kind) == (operation, media))


def test_lines_of_the_audit_are_entries() -> None:
    for line in example_of("export_audit", "application/x-ndjson").splitlines():
        fits(json.loads(line), {"$ref": "#/components/schemas/Entry"})


def test_the_example_of_events_ends_with_a_job() -> None:
    *steps, end = example_of("watch_job", "text/event-stream").strip().split("\n\n")

    assert [step.partition("\n")[0] for step in steps] == ["retry: 2000", "id: 9"]
    number, name, data = end.split("\n")
    fits(json.loads(data.removeprefix("data: ")), {"$ref": "#/components/schemas/Job"})
    assert (number, name) == ("id: 10", "event: ended")


@pytest.mark.parametrize(
    ("form", "reader"),
    [(Format.NDJSON, read_ndjson), (Format.CSV, read_csv), (Format.TEXT, read_text), (Format.YAML, read_yaml)],
)
def test_the_examples_of_a_list_are_one_list_in_each_form(form: Format, reader: Callable[..., Any]) -> None:
    (read,) = reader("relay-domain", EXAMPLES[form].splitlines(keepends=True))

    row = read.row
    assert (NOUNS["relay-domain"].key(row.value), row.comment, row.enabled) == ("example.com", "head office", True)


def test_the_example_of_a_row_is_a_row() -> None:
    fields: dict[str, Any] = example_of("show_row", "application/json")["fields"]

    assert NOUNS["relay-domain"].key(NOUNS["relay-domain"].parse(fields)) == "example.com"


REFUSED: list[tuple[int, str, str, dict[str, Any]]] = [
    (400, "POST", "/rows/relay-domain", {"content": b"{", "headers": {"content-type": "application/json"}}),
    (401, "GET", "/me", {"headers": {"authorization": "Bearer wrong"}}),
    (404, "GET", "/rows/relay-domain/example.org", {}),
    (409, "POST", "/rows/relay-domain", {"json": {"fields": {"domain": "example.com"}}}),
    (412, "PATCH", "/rows/relay-domain/example.com", {"json": {"comment": "x"}, "headers": {"if-match": '"99"'}}),
    (413, "POST", "/rows/relay-domain", {"json": {"comment": "x" * (1 << 20)}}),
    (415, "POST", "/rows/relay-domain", {"content": b"{}", "headers": {"content-type": "text/plain"}}),
    (422, "POST", "/rows/network", {"json": {"fields": {"network": "192.168.1.1/24"}}}),
    (428, "PATCH", "/rows/relay-domain/example.com", {"json": {"comment": "x"}}),
]


def test_problems_are_told_as_their_examples_say(
    owner: httpx.Client, as_program: Callable[..., dict[str, str]]
) -> None:
    owner.post(f"{PREFIX}/rows/relay-domain", json={"fields": {"domain": "example.com"}})
    viewer = as_program("alice", label="nightly-export")
    forbidden = (403, "POST", "/rows/relay-domain", {"json": {"fields": {"domain": "x.example"}}, "headers": viewer})

    told = {
        status: owner.request(method, f"{PREFIX}{path}", **sent).json()
        for status, method, path, sent in [*REFUSED, forbidden]
    }

    examples = COMPONENTS["responses"]
    assert told == {status: examples[f"problem-{status}"]["content"][MEDIA]["example"] for status in told}


def test_the_description_stays_small() -> None:
    text = json.dumps(DOCUMENT, ensure_ascii=False, separators=(",", ":")).encode()

    assert (len(text) < 250_000, len(gzip.compress(text)) < 35_000) == (True, True)


def test_what_has_no_example_is_described_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    operation = document._OPERATIONS["confirm"]
    monkeypatch.setitem(document._OPERATIONS, "confirm", replace(operation, example={"more": "y"}))

    described = document.document(app._routes())["paths"]["/confirmations"]["post"]["responses"]

    assert "examples" not in described["200"]["content"]["application/json"]


def test_the_description_is_made_before_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing: Any = None
    made = app.make_api(Context(nothing, Jobs(nothing), nothing))
    monkeypatch.setattr(app, "document", nothing)

    assert made.openapi() == DOCUMENT


class Inner(Told):
    """A shape inside another."""

    model_config = example(word="inside")

    word: str


class Outer(Told):
    """A shape with another."""

    model_config = example(number=1, nothing=None)

    number: int
    nothing: str | None
    inner: list[Inner]
    usual: str = "as usual"


def schemas_of(shape: type[Told]) -> dict[str, Any]:
    found = shape.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**found.pop("$defs", {}), shape.__name__: found}


def composed(shape: type[Told], changed: Any = None) -> Any:
    schemas = schemas_of(shape)
    content: dict[str, Any] = {"schema": {"$ref": f"#/components/schemas/{shape.__name__}"}}
    examples = Examples(schemas)
    examples.add_to(content, changed)
    assert not any("x-example" in schema for schema in schemas.values())
    answer = content["examples"]["answer"]
    return answer["value"] if "value" in answer else examples.components()[shape.__name__]["value"]


def test_an_example_is_composed_of_those_of_its_parts() -> None:
    assert composed(Outer) == {"number": 1, "nothing": None, "inner": [{"word": "inside"}], "usual": "as usual"}


def test_an_operation_says_what_its_answer_has_otherwise() -> None:
    assert composed(Inner, {"word": "else"}) == {"word": "else"}


def test_a_member_without_an_example_is_a_fault_of_the_program() -> None:
    class Bare(Told):
        word: str

    with pytest.raises(ValueError, match=r"Bare\.word"):
        composed(Bare)


def test_an_example_of_a_member_that_is_not_there_is_a_fault_of_the_program() -> None:
    class Wrong(Told):
        model_config = example(word="x", more="y")

        word: str

    with pytest.raises(ValueError, match="more"):
        composed(Wrong)
    with pytest.raises(ValueError, match="more"):
        composed(Inner, {"more": "y"})
