"""Event file, private files and checkpoints of the local engine."""

from __future__ import annotations

import json
import stat
import threading
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webtune_tui.local_server.checkpoints import checkpoint_problem, newest_whole_checkpoint, set_broken_aside
from webtune_tui.local_server.events_log import Event, EventLog, Kind
from webtune_tui.local_server.private_files import make_private_folder, tail_of, write_json, write_whole


@given(cut=st.integers(min_value=1, max_value=60))
def test_a_torn_last_line_is_left_out_and_repaired_at_the_next_append(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    log = EventLog(tmp_path_factory.mktemp("job") / "events.jsonl")
    log.append(Event(Kind.CREATED, "first"))
    log.append(Event(Kind.MESSAGE, "second, which a crash tears"))
    content = log.path.read_bytes()
    log.path.write_bytes(content[:-cut])

    assert [event.message for event in log.read()] == ["first"]
    log.append(Event(Kind.SUCCEEDED, "third"))

    assert [event.message for event in log.read()] == ["first", "third"]
    assert all(json.loads(line) for line in log.path.read_text().splitlines())


def test_events_of_two_writers_stay_whole(tmp_path: Path) -> None:
    def write(name: str) -> None:
        log = EventLog(tmp_path / "events.jsonl")
        for number in range(60):
            log.append(Event(Kind.METRICS, f"{name} {number}", data={"step": number}))

    writers = [threading.Thread(target=write, args=(name,)) for name in ("server", "trainer")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    messages = [event.message for event in EventLog(tmp_path / "events.jsonl").read()]
    assert sorted(messages) == sorted(f"{name} {n}" for name in ("server", "trainer") for n in range(60))


def test_foreign_lines_in_the_event_file_are_left_out(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    log.path.write_text('[]\n{"kind": "unheard of"}\nnull\n{"kind": "created"}\n' + "[" * 100_000 + "\n")
    log.append(Event(Kind.CREATED, "ours"))

    assert [event.message for event in log.read()] == ["ours"]


def test_not_a_number_is_never_written_as_json(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        EventLog(tmp_path / "events.jsonl").append(Event(Kind.METRICS, "x", data={"train_loss": float("nan")}))


def test_a_link_planted_as_event_file_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine\n")
    (tmp_path / "events.jsonl").symlink_to(victim)

    with pytest.raises(OSError, match=r"symbolic link|Too many levels"):
        EventLog(tmp_path / "events.jsonl").append(Event(Kind.CREATED, "x"))
    assert victim.read_text() == "mine\n"


def test_a_link_planted_at_the_target_of_a_whole_write_is_replaced(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "server.json").symlink_to(victim)

    write_json(tmp_path / "server.json", {"token": "x"})

    assert victim.read_text() == "mine"
    assert not (tmp_path / "server.json").is_symlink()


def test_files_and_folders_belong_to_their_owner_alone(tmp_path: Path) -> None:
    folder = make_private_folder(tmp_path / "jobs")
    write_whole(folder / "a", b"x")
    EventLog(folder / "events.jsonl").append(Event(Kind.CREATED, "x"))

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    write_json(tmp_path / "spec.json", {"old": True})
    with pytest.raises(TypeError):
        write_json(tmp_path / "spec.json", {"new": object()})
    assert json.loads((tmp_path / "spec.json").read_text()) == {"old": True}
    assert [file.name for file in tmp_path.iterdir()] == ["spec.json"]


def test_tail_of_a_missing_file_is_empty(tmp_path: Path) -> None:
    assert tail_of(tmp_path / "none") == ""


def make_checkpoint(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "trainer_state.json").write_text("{}")
    header = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    (folder / "adapter_model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + b"\0" * 8)
    for name in ("optimizer.pt", "scheduler.pt", "rng_state.pth"):
        with zipfile.ZipFile(folder / name, "w") as archive:
            archive.writestr("data.pkl", "x" * 500)
    return folder


@pytest.mark.parametrize("name", ["trainer_state.json", "adapter_model.safetensors", "optimizer.pt", "rng_state.pth"])
@pytest.mark.parametrize("damage", ["missing", "cut", "empty"])
def test_a_checkpoint_with_a_damaged_file_is_not_gone_on_from(tmp_path: Path, name: str, damage: str) -> None:
    whole = make_checkpoint(tmp_path / "checkpoint-9")
    broken = make_checkpoint(tmp_path / "checkpoint-10")
    content = (broken / name).read_bytes()
    if damage == "missing":
        (broken / name).unlink()
    else:
        (broken / name).write_bytes(content[: len(content) // 2] if damage == "cut" else b"")

    assert name.partition(".")[0] in str(checkpoint_problem(broken))
    assert newest_whole_checkpoint(tmp_path) == whole


def test_broken_checkpoints_are_kept_under_another_name(tmp_path: Path) -> None:
    make_checkpoint(tmp_path / "checkpoint-2")
    (make_checkpoint(tmp_path / "checkpoint-4") / "optimizer.pt").unlink()

    findings = set_broken_aside(tmp_path)

    assert len(findings) == 1
    assert findings[0].startswith("checkpoint-4 is not whole (optimizer.pt")
    names = sorted(folder.name.rpartition("-")[0] for folder in tmp_path.iterdir())
    assert names == ["broken-checkpoint-4", "checkpoint"]
    assert set_broken_aside(tmp_path) == []
