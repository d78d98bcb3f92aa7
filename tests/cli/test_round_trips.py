"""An export in any format, imported into a fresh workspace, makes the same dataset."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from webtune_tui.cli.main import run
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.workspace import Workspace

ODD = (
    "two\nlines\n\nand a third",
    'quotes " and \' and, commas; "" doubled',
    "日本語の説明。二つ目の文。",
    "emoji 🦊👩‍👩‍👧 and é as e\u0301",
    "a line separator \u2028 and \u2029 and \u0085 inside",
    "=1+1",
    "@SUM(A1)",
    "-5 degrees",
    "+49 is a code",
    "'=already marked",
    "'a quote in front",
    "\ttab first",
    "  spaces around  ",
    "back\\slash \\n and {braces} and [brackets]",
    "[1, 2]",
    "ends with a carriage return\r",
    "<b>tags</b> &amp; entities",
)
CALL = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"at": "=x"}'}}
TOOLS = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}]


def chat(*turns: tuple[str, str], **beside: Any) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": text} for role, text in turns]} | beside


PLAIN = [
    *(chat(("user", f"Question {n}: {text}"), ("assistant", text)) for n, text in enumerate(ODD)),
    *(chat(("system", text), ("user", text), ("assistant", f"Answer {n}.")) for n, text in enumerate(ODD)),
]
TURNS = [
    chat(("user", "A?"), ("assistant", "=A."), ("user", "B?"), ("assistant", "B.")),
    chat(("system", "Be kind."), ("user", "C?"), ("assistant", "C."), ("user", "D?"), ("assistant", "D\u2028.")),
]
RICH: list[dict[str, Any]] = [
    {
        "messages": [
            {"role": "user", "content": "Look.", "name": "ana"},
            {"role": "assistant", "content": "", "tool_calls": [CALL]},
            {"role": "tool", "content": "42", "tool_call_id": "c1"},
            {"role": "assistant", "content": "42, they say."},
        ],
        "tools": TOOLS,
        "parallel_tool_calls": False,
    },
    {
        "messages": [
            {"role": "user", "content": "Hm?"},
            {"role": "assistant", "content": "Hm.", "weight": 0},
            {"role": "user", "content": "Well?"},
            {"role": "assistant", "content": "Well.", "weight": 1, "mood": {"kind": "calm", "marks": [1, None]}},
        ]
    },
    chat(("developer", "Be brief."), ("user", "Why?"), ("assistant", "So.")),
]
PAIRS = [
    {"prompt": text, "chosen": f"Better {n}: {text}", "rejected": f"Worse {n}: {text}"} for n, text in enumerate(ODD)
] + [
    {
        "input": {
            "messages": [
                {"role": "system", "content": "Be kind."},
                {"role": "user", "content": "E?", "name": "ana"},
                {"role": "assistant", "content": "E.", "weight": 0},
                {"role": "user", "content": "F?"},
            ],
            "tools": TOOLS,
            "parallel_tool_calls": True,
        },
        "preferred_output": [{"role": "assistant", "content": "F."}],
        "non_preferred_output": [{"role": "assistant", "content": "No."}],
    }
]


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patched:
        for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
            patched.setenv(name, str(folder / name.lower()))
        yield


class Shell:
    """The program on one workspace, whose recipe changes nothing."""

    def __init__(self, root: Path) -> None:
        self.root = root
        steps = self.run("recipe", "steps")["steps"]
        self.run("recipe", "set", "build.preferences=true", *(f"steps.{one['name']}.enabled=false" for one in steps))

    def run(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            assert run([*arguments, "--json", "-w", str(self.root)]) == code, printed.getvalue()
        body: dict[str, Any] = json.loads(printed.getvalue())
        return body

    def prepared(self, *paths: str | Path) -> Counter[str]:
        """The messages of the dataset that files make, as a multiset."""
        self.run("import", *map(str, paths))
        self.run("prepare")
        with Workspace.open(self.root, command="test") as workspace:
            store = DatasetStore(workspace.database)
            return Counter(example.messages for example in store.stream(store.revisions()[0]))


class Source(NamedTuple):
    """A prepared workspace and its messages."""

    shell: Shell
    messages: Counter[str]


@pytest.fixture(scope="module")
def chats(home: None, tmp_path_factory: pytest.TempPathFactory) -> Source:
    return prepared_from(tmp_path_factory.mktemp("chats"), PLAIN + TURNS + RICH)


@pytest.fixture(scope="module")
def pairs(home: None, tmp_path_factory: pytest.TempPathFactory) -> Source:
    return prepared_from(tmp_path_factory.mktemp("pairs"), [*PAIRS, chat(("user", "G?"), ("assistant", "G."))])


def prepared_from(folder: Path, rows: Sequence[Any]) -> Source:
    shell = Shell(folder / "workspace")
    messages = shell.prepared(written(folder / "rows.jsonl", rows))
    assert messages.total() == len(rows)
    return Source(shell, messages)


def written(path: Path, rows: Sequence[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def filled(exported: dict[str, Any]) -> list[str]:
    return [path for split, path in exported["paths"].items() if exported["examples"][split]]


@pytest.mark.parametrize("format", ["openai", "sharegpt", "parquet", "csv"])
def test_an_export_imported_again_is_the_same_dataset(chats: Source, tmp_path: Path, format: str) -> None:
    exported = chats.shell.run("dataset", "export", "--format", format)
    assert (exported["format"], exported["left_out"]) == (format, {})
    assert Shell(tmp_path / "fresh").prepared(*filled(exported)) == chats.messages
    assert chats.shell.run("dataset", "export", "--format", format) == exported


def test_alpaca_brings_back_what_it_has_a_place_for_and_tells_what_it_left_out(chats: Source, tmp_path: Path) -> None:
    exported = chats.shell.run("dataset", "export", "--format", "alpaca")
    assert exported["left_out"] == {"names": 1, "roles": 1, "weights": 1}
    found = Shell(tmp_path / "fresh").prepared(*filled(exported))
    assert found <= chats.messages and found.total() == len(PLAIN + TURNS) == sum(exported["examples"].values())
    folder = Path(exported["paths"]["train"]).parent
    assert len(rows_of(folder / "lineage.jsonl")) == found.total()
    assert sorted(path.name for path in folder.iterdir()) == [
        "lineage.jsonl", "manifest.json", "test.jsonl", "train.jsonl", "validation.jsonl",
    ]  # fmt: skip


def test_preference_pairs_imported_again_are_the_same_pairs(pairs: Source, tmp_path: Path) -> None:
    exported = pairs.shell.run("dataset", "export", "--format", "dpo")
    assert exported["left_out"] == {"no_rejected_answer": 1}
    assert set(rows_of(filled(exported)[0])[0]) == {"input", "preferred_output", "non_preferred_output"}
    found = Shell(tmp_path / "fresh").prepared(*filled(exported))
    assert found <= pairs.messages and found.total() == len(PAIRS)
    assert all('"rejected":' in messages for messages in found)


def test_formats_without_a_place_for_the_worse_answer_leave_it_out(pairs: Source) -> None:
    for format in ("openai", "sharegpt", "alpaca"):
        exported = pairs.shell.run("dataset", "export", "--format", format)
        assert all("rejected" not in row and "Worse" not in json.dumps(row) for row in rows_of(*filled(exported)))


def test_a_dataset_without_pairs_is_not_exported_for_dpo(chats: Source) -> None:
    refused = chats.shell.run("dataset", "export", "--format", "dpo", code=1)
    assert refused["left_out"] == {"no_rejected_answer": chats.messages.total()}
    assert "build.preferences" in refused["error"]["hint"]
    assert not list((chats.shell.root / "exports").glob("*dpo*"))


def test_an_edited_answer_and_the_one_before_make_a_pair(tmp_path: Path) -> None:
    shell = prepared_from(tmp_path, PLAIN[:12]).shell
    edited = shell.run("dataset", "show", "--limit", "1")["examples"][0]
    shell.run("dataset", "edit", edited["id"], "--set", "assistant=A better answer.")
    (row,) = rows_of(*filled(shell.run("dataset", "export", "--format", "dpo")))
    assert row["input"]["messages"] == edited["messages"][:-1]
    assert row["preferred_output"][0]["content"] == "A better answer."
    assert row["non_preferred_output"][0]["content"] == edited["messages"][-1]["content"].strip()


def test_weights_names_and_tools_stand_in_the_openai_form(chats: Source) -> None:
    rows = rows_of(*filled(chats.shell.run("dataset", "export")))
    assert {*map(canonical, RICH)} <= {*map(canonical, rows)}


def test_no_cell_of_a_csv_begins_a_formula_unless_it_is_wanted(chats: Source, pairs: Source) -> None:
    cells = table_cells(chats.shell.run("dataset", "export", "--format", "csv"))
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert {"'=1+1", "'a quote in front"} <= set(cells)
    raw = chats.shell.run("dataset", "export", "--format", "csv", "--raw-cells")
    assert "=1+1" in table_cells(raw)
    lines = chats.shell.run("dataset", "export", "--format", "alpaca")
    assert "=1+1" in {row["output"] for row in rows_of(*filled(lines))}
    assert chats.shell.run("dataset", "export", "--raw-cells", code=2)["error"]["hint"]


def test_preference_rows_of_trl_with_messages_are_imported(tmp_path: Path) -> None:
    better, worse = ({"role": "assistant", "content": text} for text in ("Blue.", "Green."))
    sky, sea, sun = ({"role": "user", "content": text} for text in ("Sky?", "Sea?", "Sun?"))
    rows = [
        {"prompt": [sky], "chosen": [better], "rejected": [worse]},
        {"chosen": [sea, better], "rejected": [sea, worse]},
        {"prompt": "Sun?", "chosen": [sun, better], "rejected": [sun, worse]},
    ]
    shell = Shell(tmp_path / "fresh")
    found = shell.prepared(written(tmp_path / "rows.jsonl", rows))
    assert sorted(found) == sorted(
        json.dumps(
            [
                {"content": prompt, "role": "user"},
                {"content": "Blue.", "rejected": "Green.", "role": "assistant"},
            ],
            separators=(",", ":"),
        )
        for prompt in ("Sky?", "Sea?", "Sun?")
    )


def canonical(row: Any) -> str:
    return json.dumps(row, sort_keys=True)


def rows_of(*paths: str | Path) -> list[Any]:
    return [json.loads(line) for path in paths for line in Path(path).read_text("utf-8").split("\n")[:-1]]


def table_cells(exported: dict[str, Any]) -> list[str]:
    cells: list[str] = []
    for path in filled(exported):
        with Path(path).open(encoding="utf-8", newline="") as stream:
            cells += [cell for row in csv.reader(stream) for cell in row]
    return cells
