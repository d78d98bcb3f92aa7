"""The parts of a run: ranges of keys cover every record once, and many processes give what one gives."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.services.records_in import add_records, product
from tests.unit.services.test_prepare import prepare
from webtune_tui.domain.errors import InternalFault
from webtune_tui.domain.examples import Message, encode_messages
from webtune_tui.pipeline.run import encoded
from webtune_tui.pipeline.signatures import PackedWords
from webtune_tui.services.prepare_map import parsed, with_own_keys
from webtune_tui.services.prepare_processes import workers_for
from webtune_tui.services.prepare_shards import Shards, ShardWriter, discard_left
from webtune_tui.storage.live_records import RecordQueries
from webtune_tui.storage.workspace import Workspace

COUNT = 2_300


def test_ranges_cover_every_record_once_and_never_part_equal_keys(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "workspace", command="test") as workspace:
        rows = [product(number, asin=f"B{number // 3:04d}", note=number) for number in range(60)]
        add_records(workspace, [*rows, product(99, asin="", description="no key of its own")])
        records = RecordQueries(workspace.database)
        whole = [row for batch in records.between(None, None, 256, 10**9) for row in batch]
        cuts = records.cuts(7)
        pieces = [
            [row for batch in records.between(first, end, 2, 10**9) for row in batch]
            for first, end in zip([None, *cuts], [*cuts, None], strict=True)
        ]
        own = [row[1] for batch in with_own_keys(records.between(None, None, 2, 10**9)) for row in batch]
    assert len(cuts) >= 5
    assert [row for piece in pieces for row in piece] == whole
    assert len({row[0] for row in whole}) == 61
    assert all(not {row[1] for row in one} & {row[1] for row in other} for one, other in zip(pieces, pieces[1:]))  # noqa: B905, RUF007
    assert len(set(own)) == 61


async def test_two_processes_over_many_ranges_give_what_one_gives(tmp_path: Path) -> None:
    rows = [product(number) for number in range(COUNT)]
    for number in range(0, COUNT, 10):
        copy = rows[number]["description"].split()
        copy[4:6] = ["other", "words"]
        rows.append(product(number, asin=f"C{number:06d}", description=" ".join(copy)))
    told = []
    for workers in (1, 2):
        with Workspace.open(tmp_path / f"workspace-{workers}", command="test") as workspace:
            add_records(workspace, rows)
            report = await prepare(workspace, workers=workers)
            told.append((report.content_hash, report.dropped, report.duplicates, report.leak, report.tokens))
            assert list(workspace.root.glob("*.waiting")) == []
    assert told[0] == told[1]
    assert told[0][2]["near"] == COUNT // 10


def test_few_records_are_prepared_in_one_process() -> None:
    assert workers_for(100) == 1
    assert 1 <= workers_for(10**6) <= 8


@pytest.mark.skipif(sys.platform != "linux", reason="other systems give the file a name for a moment")
def test_waiting_examples_have_no_name_from_the_beginning(tmp_path: Path) -> None:
    writer, shards = ShardWriter(tmp_path), Shards()
    section = writer.write(PackedWords(b"onethree", np.array([0, 3, 8])), [("ex-1", "[]", 1, "", "1", "")])
    assert list(tmp_path.iterdir()) == []
    shards.add(section)
    writer.close()
    assert (shards.text(0), shards.text(1)) == (b"one", b"three")
    assert list(shards.batches()) == [[("ex-1", "[]", 1, "", "1", "")]]
    shards.close()
    with pytest.raises(InternalFault, match="ended from outside"):
        Shards().add(replace(section, shard=f"/proc/{os.getpid()}/fd/999"))


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "prepare-abc.waiting").write_bytes(b"private")
    discard_left(tmp_path)
    assert list(tmp_path.iterdir()) == []


NUMBERS = st.integers(-(10**25), 10**25) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(st.none() | st.booleans() | NUMBERS | st.text(), lambda inner: st.lists(inner, max_size=3))


@given(st.dictionaries(st.text(max_size=5), VALUES, max_size=6))
def test_fields_are_read_as_the_standard_library_reads_them(fields: dict[str, object]) -> None:
    for text in (json.dumps(fields), json.dumps(fields, ensure_ascii=False, separators=(",", ":"))):
        assert repr(parsed(text)) == repr(json.loads(text))


@pytest.mark.parametrize(
    "text", ['{"a":"\\ud800"}', '{"a":NaN}', '{"a":18446744073709551616}'], ids=["surrogate", "nan", "big"]
)
def test_odd_fields_are_read_as_the_standard_library_reads_them(text: str) -> None:
    assert repr(parsed(text)) == repr(json.loads(text))


CONTENTS = st.text(st.characters(), max_size=30)
MESSAGES = st.builds(
    Message,
    st.sampled_from(["user", "assistant"]),
    CONTENTS,
    st.none() | st.just(0),
    st.just({}) | st.just({"name": "é"}),
)


@given(st.lists(MESSAGES, max_size=4))
def test_messages_are_encoded_as_in_their_canonical_form(messages: list[Message]) -> None:
    assert encoded(messages) == encode_messages(messages)


def test_half_of_a_surrogate_pair_is_encoded_as_in_the_canonical_form() -> None:
    messages = [Message("user", "\ud800 odd")]
    assert encoded(messages) == encode_messages(messages)
