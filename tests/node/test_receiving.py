"""Bundles: only what is lacking is asked for, everything is parsed again, nothing is believed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.node.crashes import DirectTalk
from tests.node.world import MemoryBundle, basic, bundle

from sealgate.link.bundle import LARGEST_DELTA, Header, Need, Offer, Part, SentRow, row_line
from sealgate.model.errors import InvalidValue, NodeFailed, Refused
from sealgate.node.objects import Objects, SealedSecrets
from sealgate.node.receiving import MOST_ROWS, Receiver
from sealgate.node.rows import RowStore
from sealgate.postfix.files import Files


@pytest.fixture
def stores(tmp_path):
    files = Files(durable=False)
    (tmp_path / "objects").mkdir()
    return (
        RowStore(tmp_path / "rows", files),
        Objects(tmp_path / "objects", files),
        SealedSecrets(tmp_path / "s", files),
    )


@pytest.fixture
def receiver(stores):
    return Receiver(*stores)


class Listening(DirectTalk):
    """Remembers what was asked for."""

    def __init__(self, made):
        super().__init__(made)
        self.needs: list[Need] = []

    def ask(self, need):
        self.needs.append(need)
        yield from super().ask(need)


def received(receiver, made):
    talk = Listening(made)
    return receiver.receive(made.header, talk), talk


def test_a_candidate_arrives_as_the_desired_state_that_was_sent(receiver):
    candidate, _ = received(receiver, basic(own="# mine\n"))

    assert str(candidate.desired.settings.my_hostname) == "gw.example.com"
    assert [row.key for row in candidate.desired.rows.rows("relay-domain")] == ["example.com"]
    assert candidate.desired.main_cf.text == "# mine\n"
    assert candidate.digest == basic(own="# mine\n").digest


def test_an_empty_state_needs_nothing(receiver):
    candidate, talk = received(receiver, MemoryBundle())

    assert talk.needs == []
    assert candidate.desired.settings.my_hostname is None


def test_what_is_here_already_is_not_asked_for_again(receiver):
    received(receiver, basic())
    _, talk = received(receiver, basic())

    assert talk.needs == []


def test_only_the_tables_that_differ_are_asked_for(receiver):
    received(receiver, basic())
    other = basic()
    other.add("black", "192.0.2.1")
    _, talk = received(receiver, other)

    assert talk.needs == [Need(tables={"black": ""})]


def test_a_table_with_a_known_parent_comes_as_a_delta(receiver):
    first = bundle(rows={"transport": [{"pattern": f"d{n}.example.com", "special": "hold:"} for n in range(50)]})
    received(receiver, first)
    second = MemoryBundle(first)
    second.add("transport", {"pattern": "d7.example.com", "special": "discard:"})
    second.remove("transport", "d9.example.com")
    candidate, talk = received(receiver, second)

    assert talk.needs == [Need(tables={"transport": first.sums()["transport"].digest()})]
    assert second.sent == 2
    assert candidate.desired.rows.count("transport") == 49
    assert candidate.desired.rows.row("transport", "d9.example.com") is None


def test_chunks_and_secrets_are_asked_for_by_name(receiver):
    made = basic()
    made.table("hash", "tls-policy", "example.com encrypt\n")
    made.secrets["s1"] = b"sealed"
    made.add("sasl", {"host": "smtp.example.net", "user": "u", "password": "s1"})
    candidate, talk = received(receiver, made)

    assert talk.needs[1] == Need(chunks=tuple(made.content), secrets=("s1",))
    assert candidate.secrets == {"s1"}
    assert b"".join(candidate.desired.rows.chunks(candidate.chunks)) == b"example.com encrypt\n"


def test_a_candidate_that_arrived_can_be_opened_again(receiver):
    first, _ = received(receiver, basic())
    again = receiver.reopen(first.digest, first.table_digests)

    assert again.desired.settings == first.desired.settings


def test_a_candidate_whose_rows_were_swept_cannot_be_opened(receiver, stores):
    first, _ = received(receiver, basic())
    stores[0].sweep([])

    with pytest.raises(NodeFailed, match="not on this node any more"):
        receiver.reopen(first.digest, first.table_digests)


def test_tags_are_distinct_and_of_enabled_rows_only(receiver):
    made = MemoryBundle()
    for number in range(4):
        made.add("transport", {"pattern": f"d{number}.example.com", "host": "10.0.0.1"})
    made.add("transport", {"pattern": "off.example.com", "host": "10.0.0.2"}, enabled=False)
    candidate, _ = received(receiver, made)

    assert len(list(candidate.desired.rows.tags("transport"))) == 1


def test_rows_of_small_nouns_come_by_position(receiver):
    made = MemoryBundle()
    made.add("black", "192.0.2.9", position=1)
    made.add("black", "192.0.2.1", position=2)
    candidate, _ = received(receiver, made)

    assert [row.position for row in candidate.desired.rows.rows("black")] == [1, 2]


class TestHostile:
    """What a broken-into control half may try."""

    def test_another_digest_than_that_of_the_rows_is_refused(self, receiver):
        made = basic()

        with pytest.raises(Refused, match="digest of all tables together"):
            receiver.receive(replace(made.header, digest="0" * 64), Listening(made))

    def test_another_digest_of_one_table_is_refused(self, receiver):
        made = basic()
        tables = {noun: replace(offer, digest="0" * 64) for noun, offer in made.header.tables.items()}

        with pytest.raises(Refused, match="digest of the rows of"):
            receiver.receive(replace(made.header, tables=tables), Listening(made))

    def test_an_unknown_noun_is_refused(self, receiver):
        with pytest.raises(Refused, match="does not know the noun 'evil'"):
            receiver.receive(Header("d", {"evil": Offer("d", 1)}), Listening(MemoryBundle()))

    def test_another_format_is_refused(self, receiver):
        with pytest.raises(Refused, match="format 99"):
            receiver.receive(Header("d", {}, format=99), Listening(MemoryBundle()))

    @pytest.mark.parametrize("count", [0, -1, MOST_ROWS + 1])
    def test_a_senseless_count_is_refused(self, receiver, count):
        with pytest.raises(InvalidValue, match="rows of black"):
            receiver.receive(Header("d", {"black": Offer("d", count)}), Listening(MemoryBundle()))

    @pytest.mark.parametrize(
        ("noun", "row"),
        [
            ("relay-domain", SentRow("example.com", {"domain": "exa mple.com"})),
            ("relay-domain", SentRow("example.com", {"domain": "EXAMPLE.com"})),
            ("relay-domain", SentRow("other.example", {"domain": "example.com"})),
            ("relay-domain", SentRow("example.com", {"domain": "example.com", "evil": 1})),
            ("setting", SentRow("my-hostname", {"value": "gw.example.com\nmynetworks = 0.0.0.0/0"})),
            ("setting", SentRow("my-hostname", {"value": "GW.example.com"})),
            ("setting", SentRow("no-such", {"value": 1})),
            ("setting", SentRow("my-hostname", {"value": "gw.example.com", "more": 1})),
            ("own-lines", SentRow("main-cf", {"text": 3})),
            ("own-lines", SentRow("other-cf", {"text": ""})),
            ("own-lines", SentRow("main-cf", {"text": "", "more": 1})),
            ("transport", SentRow("example.com", {"pattern": "example.com", "special": "local:"})),
        ],
    )
    def test_a_row_that_is_not_canonical_is_refused(self, receiver, noun, row):
        made = MemoryBundle()
        made.put(noun, row)

        with pytest.raises(Refused, match="Nothing was changed"):
            received(receiver, made)

    def test_more_rows_than_announced_are_refused(self, receiver):
        made = basic()
        made.add("relay-domain", "example.net")
        tables = dict(made.header.tables)
        tables["relay-domain"] = replace(tables["relay-domain"], count=1)

        with pytest.raises(NodeFailed, match="more rows of relay-domain"):
            receiver.receive(replace(made.header, tables=tables), Listening(made))

    def test_a_deletion_among_all_rows_is_refused(self, receiver):
        class Deleting(Listening):
            def ask(self, need):
                yield Part("rows", "relay-domain"), iter((row_line(SentRow("example.com", None)),))

        made = bundle(rows={"relay-domain": ["example.com"]})
        with pytest.raises(NodeFailed, match="where all rows belong"):
            receiver.receive(made.header, Deleting(made))

    def test_a_part_that_was_not_asked_for_is_refused(self, receiver):
        class Pushing(Listening):
            def ask(self, need):
                yield Part("rows", "black"), iter(())

        with pytest.raises(NodeFailed, match="was not asked for"):
            receiver.receive(basic().header, Pushing(basic()))

    def test_a_part_that_does_not_come_is_missed(self, receiver):
        class Silent(Listening):
            def ask(self, need):
                yield from ()

        with pytest.raises(NodeFailed, match="The bundle lacks relay-domain, setting"):
            receiver.receive(basic().header, Silent(basic()))

    def test_a_chunk_with_another_content_is_refused(self, receiver):
        made = basic()
        made.table("hash", "t", "a b\n")
        made.content = dict.fromkeys(made.content, b"c d\n")

        with pytest.raises(NodeFailed, match="arrived damaged"):
            received(receiver, made)

    def test_a_huge_delta_is_refused(self, receiver):
        first = bundle(rows={"transport": [{"pattern": "a.example.com", "special": "hold:"}]})
        received(receiver, first)

        class Flooding(Listening):
            def ask(self, need):
                rows = (row_line(SentRow(str(number), None)) for number in range(LARGEST_DELTA + 1))
                yield Part("delta", "transport", need.tables["transport"]), rows

        second = MemoryBundle(first)
        second.add("transport", {"pattern": "b.example.com", "special": "hold:"})
        with pytest.raises(NodeFailed, match="more rows of transport"):
            receiver.receive(second.header, Flooding(second))

    def test_a_delta_that_leaves_a_row_out_is_noticed_by_the_digest(self, receiver):
        first = bundle(rows={"transport": [{"pattern": "a.example.com", "special": "hold:"}]})
        received(receiver, first)
        second = MemoryBundle(first)
        for name in ("b", "c"):
            second.add("transport", {"pattern": f"{name}.example.com", "special": "hold:"})

        class Withholding(Listening):
            def ask(self, need):
                for part, contents in super().ask(need):
                    yield part, iter([*contents][:1])

        with pytest.raises(Refused, match="digest of the rows of transport"):
            receiver.receive(second.header, Withholding(second))
