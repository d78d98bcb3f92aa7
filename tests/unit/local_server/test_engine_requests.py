"""What requests may hold: hyperparameters, training rows, model names, pages."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webtune_tui.local_server.hyperparameters import auto_epochs, check_requested, resolve
from webtune_tui.local_server.models import (
    BaseCatalogue,
    TunedName,
    UnusableModel,
    check_folder,
    parameter_count,
    parse_tuned_name,
)
from webtune_tui.local_server.openai_objects import ApiError, page
from webtune_tui.local_server.training_rows import Row, check_file, parse_lines, read_rows


@pytest.mark.parametrize(
    ("rows", "epochs"), [(10, 10), (33, 3), (34, 3), (100, 3), (8_333, 3), (8_334, 2), (25_000, 1), (90_000, 1)]
)
def test_auto_epochs_follow_the_cookbook(rows: int, epochs: int) -> None:
    assert auto_epochs(rows) == epochs


def test_auto_settings_validate_and_save_about_five_times() -> None:
    settings = resolve({}, rows=100, threads=2)
    assert (settings.n_epochs, settings.batch_size, settings.max_steps) == (3, 4, 75)
    assert (settings.eval_steps, settings.save_steps, settings.learning_rate) == (15, 15, 1e-3)
    assert (settings.lora_rank, settings.lora_alpha, settings.sequence_length) == (16, 32, 512)


def test_max_steps_alone_is_the_length_and_beside_epochs_a_cap() -> None:
    assert resolve({"max_steps": 200}, rows=40, threads=1).max_steps == 200
    assert resolve({"max_steps": 200}, rows=40, threads=1).n_epochs == 20
    assert resolve({"max_steps": 200, "n_epochs": 2}, rows=40, threads=1).max_steps == 20
    assert resolve({"max_steps": 7, "n_epochs": 2}, rows=40, threads=1).max_steps == 7


def test_the_multiplier_scales_the_learning_rate_unless_one_is_given() -> None:
    assert resolve({"learning_rate_multiplier": 0.5}, 40, 1).learning_rate == pytest.approx(5e-4)
    given_too = {"learning_rate_multiplier": 0.5, "learning_rate": 2e-4}
    assert resolve(given_too, 40, 1).learning_rate == pytest.approx(2e-4)


@given(batch=st.integers(1, 256), longest=st.integers(1, 4_096))
def test_a_split_batch_keeps_its_size_and_bounds_the_tokens_at_once(batch: int, longest: int) -> None:
    settings = resolve({"batch_size": batch}, 1_000, 1).with_rows_bounded_by(longest, chosen=False)
    assert settings.rows_at_once * settings.gradient_accumulation_steps == batch
    assert settings.rows_at_once * longest <= 512 or settings.rows_at_once == 1


def test_a_split_chosen_by_the_person_is_kept() -> None:
    settings = resolve({"batch_size": 8, "gradient_accumulation_steps": 2}, 100, 1)
    assert settings.with_rows_bounded_by(4_000, chosen=True).rows_at_once == 4


def test_less_memory_is_proposed_with_numbers() -> None:
    settings = resolve({"batch_size": 4, "sequence_length": 512}, 100, 1)
    assert "gradient_accumulation_steps=4" in settings.smaller()
    assert "sequence_length=256 (now 512)" in settings.smaller()


@pytest.mark.parametrize(
    ("values", "param"),
    [
        ({"epochs": 3}, "h.epochs"),
        ({"n_epochs": 0}, "h.n_epochs"),
        ({"n_epochs": 51}, "h.n_epochs"),
        ({"n_epochs": 2.5}, "h.n_epochs"),
        ({"n_epochs": True}, "h.n_epochs"),
        ({"n_epochs": "three"}, "h.n_epochs"),
        ({"learning_rate": float("nan")}, "h.learning_rate"),
        ({"batch_size": -1}, "h.batch_size"),
        ([], "h"),
    ],
)
def test_a_hyperparameter_that_makes_no_sense_is_refused_by_name(values: Any, param: str) -> None:
    with pytest.raises(ApiError) as refusal:
        check_requested(values, "h")
    assert (refusal.value.status, refusal.value.param) == (400, param)


def test_auto_and_null_hyperparameters_count_as_not_given() -> None:
    assert check_requested({"n_epochs": "auto", "batch_size": None, "max_steps": 5.0}, "h") == {"max_steps": 5}


def test_a_batch_that_does_not_split_evenly_is_refused() -> None:
    with pytest.raises(ApiError, match="equal parts"):
        resolve({"batch_size": 5, "gradient_accumulation_steps": 2}, 50, 1)


GOOD = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "not JSON"),
        (b"[1]", "not a JSON object"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[" * 100_000, "not JSON"),
        (b'{"prompt": "a"}', "'messages' is missing"),
        (b'{"messages": []}', "'messages' is missing"),
        (b'{"messages": ["a"]}', "not an object"),
        (b'{"messages": [{"role": "robot", "content": "a"}]}', "unknown role 'robot'"),
        (b'{"messages": [{"role": "user", "content": "a"}]}', "no assistant"),
        (b'{"messages": [{"role": "assistant"}]}', "content is missing"),
        (b'{"messages": [{"role": "assistant", "content": 4}]}', "content is not text"),
        (b'{"messages": [{"role": "assistant", "content": "a", "weight": 2}]}', "'weight'"),
        (b'{"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}', "not text"),
        (b'{"messages": [{"role": "assistant", "content": "a"}], "tools": 3}', "'tools'"),
    ],
)
def test_a_bad_line_is_named_with_its_reason(tmp_path: Path, line: bytes, reason: str) -> None:
    path = tmp_path / "train.jsonl"
    path.write_bytes(json.dumps(GOOD).encode() + b"\n\n" + line + b"\n" + json.dumps(GOOD).encode())

    findings = check_file(path)

    assert (findings.rows, findings.bad_lines) == (2, 1)
    assert findings.messages[0].startswith("line 3: ")
    assert reason in findings.messages[0]


def test_line_separators_inside_texts_do_not_split_lines(tmp_path: Path) -> None:
    row = {"messages": [{"role": "assistant", "content": "one\u2028two\u0085three"}]}
    path = tmp_path / "train.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + (json.dumps(row, ensure_ascii=False) + "\r\n").encode() * 3)
    assert [row.line for row in read_rows(path)] == [1, 2, 3]


def test_text_parts_are_joined_and_developer_counts_as_system(tmp_path: Path) -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    messages = [{"role": "developer", "content": "be kind"}, {"role": "assistant", "content": parts}]
    path = tmp_path / "train.jsonl"
    path.write_text(json.dumps({"messages": messages}))

    [(_, row)] = parse_lines(path)

    assert isinstance(row, Row)
    assert [(message["role"], message["content"]) for message in row.messages] == [
        ("system", "be kind"),
        ("assistant", "ab"),
    ]
    assert check_file(path).first_system_prompt == "be kind"


@given(
    base=st.text("abc:/.-", min_size=1, max_size=20),
    suffix=st.text("abc.-", max_size=8),
    step=st.none() | st.integers(0, 10_000),
)
def test_a_tuned_name_is_taken_apart_as_it_was_put_together(base: str, suffix: str, step: int | None) -> None:
    name = TunedName(base, suffix, "job-1", step)
    assert parse_tuned_name(str(name)) == name


@pytest.mark.parametrize("name", ["smollm2-135m", "ft:gpt-4o:org:suffix:id", "ft:", "ft:a:b", ""])
def test_other_names_are_no_tuned_names_of_ours(name: str) -> None:
    assert parse_tuned_name(name) is None


def make_base(folder: Path, config: dict[str, Any] | None = None) -> Path:
    folder.mkdir(parents=True)
    header = json.dumps({"w": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}).encode()
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + b"\0" * 24)
    (folder / "config.json").write_text(json.dumps(config or {"model_type": "llama"}))
    (folder / "webtune.json").write_text(json.dumps({"source": "org/thing"}))
    return folder


def test_a_base_is_found_by_folder_name_by_source_and_by_path(tmp_path: Path) -> None:
    folder = make_base(tmp_path / "thing")
    catalogue = BaseCatalogue(tmp_path)
    assert catalogue.find("thing").folder == folder
    assert catalogue.find("org/thing").name == "thing"
    assert catalogue.find(str(folder)).folder == folder
    assert [base.name for base in catalogue.all()] == ["thing"]
    assert parameter_count(folder) == 6


@pytest.mark.parametrize("name", ["nothing", "org/other", "../thing", "/nowhere/at/all", ""])
def test_an_unknown_base_says_how_to_add_one(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnusableModel, match=r"bases add|There is no"):
        BaseCatalogue(tmp_path).find(name)


class Bomb:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.marker,))


def test_pickled_weights_are_refused_and_never_opened(tmp_path: Path) -> None:
    folder = make_base(tmp_path / "thing")
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Bomb(tmp_path / "ran")))

    with pytest.raises(UnusableModel, match=r"pickled weights \(pytorch_model\.bin\)") as refusal:
        BaseCatalogue(tmp_path).find("thing")

    assert refusal.value.code == "unsafe_model"
    assert not (tmp_path / "ran").exists()


def test_a_model_that_brings_code_is_refused(tmp_path: Path) -> None:
    folder = make_base(tmp_path / "thing", {"auto_map": {"AutoModel": "modeling.py"}})
    with pytest.raises(UnusableModel, match="auto_map"):
        check_folder(folder)


@pytest.mark.parametrize("damage", [b"", b"\0" * 4, b"\xff" * 40, (4).to_bytes(8, "little") + b"[{]}"])
def test_damaged_weights_are_refused(tmp_path: Path, damage: bytes) -> None:
    folder = make_base(tmp_path / "thing")
    (folder / "model.safetensors").write_bytes(damage)
    with pytest.raises(UnusableModel, match="damaged"):
        check_folder(folder)


def test_cut_weights_are_refused(tmp_path: Path) -> None:
    folder = make_base(tmp_path / "thing")
    content = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(content[:-1])
    with pytest.raises(UnusableModel, match="damaged"):
        check_folder(folder)


@given(count=st.integers(0, 30), limit=st.integers(1, 12))
def test_following_the_pages_gives_each_item_once_and_then_ends(count: int, limit: int) -> None:
    items = [{"id": f"item-{number}"} for number in range(count)]
    seen: list[dict[str, Any]] = []
    after = None
    while True:
        answer = page(items, after=after, limit=limit, what="item")
        seen += answer["data"]
        assert len(answer["data"]) <= limit
        if not answer["has_more"]:
            break
        after = answer["last_id"]
    assert seen == items


def test_a_page_after_an_unknown_item_is_refused() -> None:
    with pytest.raises(ApiError) as refusal:
        page([{"id": "a"}], after="b", limit=1, what="event")
    assert refusal.value.status == 404
