"""The adapter for OpenAI-compatible addresses, through real HTTP against a loopback double with faults."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.servers.openai_faults import FaultyOpenAI, serving
from webtune_tui.domain.credentials import Secret
from webtune_tui.domain.errors import (
    ClosedForTuning,
    CredentialRefused,
    Offline,
    OutcomeUnknown,
    RateLimited,
    ServiceUnavailable,
)
from webtune_tui.domain.examples import Message
from webtune_tui.domain.jobs import Hyperparameters, JobState
from webtune_tui.providers import openai as openai_module
from webtune_tui.providers.base import ChatDelta, ChatEnd, JobSpec
from webtune_tui.providers.sdk.client import OpenAICompatibleProvider

CREATE = "POST /v1/fine_tuning/jobs"
KEY = "good-key-1234567890"


@pytest.fixture
def double() -> Iterator[FaultyOpenAI]:
    with serving(FaultyOpenAI()) as server:
        yield server


@pytest.fixture
async def provider(double: FaultyOpenAI) -> AsyncIterator[OpenAICompatibleProvider]:
    adapter = OpenAICompatibleProvider(
        openai_module.CAPABILITIES, double.base_url, Secret(KEY), select_bases=openai_module.tunable
    )
    yield adapter
    await adapter.aclose()


def spec(run_id: str = "job-aa11") -> JobSpec:
    return JobSpec(run_id, "gpt-4.1-mini-2025-04-14", "file-1", None, "shop", 7, Hyperparameters(epochs=2))


async def test_create_sends_our_run_id_and_the_chosen_epochs(
    provider: OpenAICompatibleProvider, double: FaultyOpenAI
) -> None:
    job = await provider.create(spec())
    assert job.state is JobState.SUCCEEDED
    sent = double.jobs[job.provider_job_id]
    assert sent["metadata"] == {"webtune_job": "job-aa11"}
    assert sent["method"]["supervised"]["hyperparameters"] == {"n_epochs": 2}


@pytest.mark.parametrize("fault", ["lost", "500", "half"])
async def test_an_unclear_create_is_unknown_and_sent_only_once(
    provider: OpenAICompatibleProvider, double: FaultyOpenAI, fault: str
) -> None:
    double.create_fault = fault
    with pytest.raises(OutcomeUnknown):
        await provider.create(spec())
    assert double.requests[CREATE] == 1


async def test_a_job_with_a_lost_reply_is_found_by_its_run_id(
    provider: OpenAICompatibleProvider, double: FaultyOpenAI
) -> None:
    await provider.create(spec("job-other"))
    double.create_fault = "lost"
    with pytest.raises(OutcomeUnknown):
        await provider.create(spec("job-lost"))
    found = await provider.find("job-lost", since="2026-11-22T00:00:00Z")
    assert found is not None
    assert found.provider_job_id == "ftjob-2"
    assert await provider.find("job-never-sent", since="2026-11-22T00:00:00Z") is None


async def test_a_closed_account_hears_the_dates_of_the_wind_down(
    provider: OpenAICompatibleProvider, double: FaultyOpenAI
) -> None:
    double.create_fault = "403"
    with pytest.raises(ClosedForTuning) as refusal:
        await provider.create(spec())
    assert "2027-01-06" in refusal.value.message
    assert "no longer available" in refusal.value.message
    assert refusal.value.exit_code == 5
    assert double.requests[CREATE] == 1


async def test_a_busy_provider_is_not_asked_twice_and_says_when_to_return(
    provider: OpenAICompatibleProvider, double: FaultyOpenAI
) -> None:
    double.create_fault = "429"
    with pytest.raises(RateLimited) as refusal:
        await provider.create(spec())
    assert refusal.value.retry_after == 7
    assert double.requests[CREATE] == 1


async def test_a_refused_key_is_told_without_showing_it(double: FaultyOpenAI) -> None:
    adapter = OpenAICompatibleProvider(openai_module.CAPABILITIES, double.base_url, Secret("bad-key-0987654321"))
    with pytest.raises(CredentialRefused) as refusal:
        await adapter.check()
    assert "bad-key-0987654321" not in f"{refusal.value} {refusal.value.hint}"
    await adapter.aclose()


async def test_an_address_where_nobody_listens_was_surely_not_sent_to() -> None:
    adapter = OpenAICompatibleProvider(openai_module.CAPABILITIES, "http://127.0.0.1:9/v1", Secret(KEY))
    with pytest.raises(Offline):
        await adapter.create(spec())
    await adapter.aclose()


async def test_bases_are_the_tunable_ones_with_their_end_dates(provider: OpenAICompatibleProvider) -> None:
    found = {base.model: base.shutdown_date for base in await provider.bases()}
    assert found == {"gpt-4.1-mini-2025-04-14": "2027-01-14", "gpt-4o-mini-2024-07-18": "2027-01-14"}


async def test_events_come_oldest_first_and_only_once(provider: OpenAICompatibleProvider) -> None:
    first = await provider.events("ftjob-1", known=frozenset())
    assert [event.event_id for event in first] == ["ev-1", "ev-2", "ev-3"]
    points = await provider.metrics("ftjob-1", first)
    assert [(point.step, point.value) for point in points if point.name == "train_loss"] == [
        (1, 2.0),
        (2, 1.0),
        (3, 2.0 / 3),
    ]
    assert await provider.events("ftjob-1", known=frozenset({"ev-1", "ev-2", "ev-3"})) == []


async def test_cancelling_a_finished_job_answers_its_true_end(
    provider: OpenAICompatibleProvider, double: FaultyOpenAI
) -> None:
    await provider.create(spec())
    assert (await provider.cancel("ftjob-1")).state is JobState.SUCCEEDED


async def test_an_unknown_status_word_reads_as_still_going(
    provider: OpenAICompatibleProvider, double: FaultyOpenAI
) -> None:
    double.status_word = "defragmenting"
    job = await provider.create(spec())
    assert job.state is JobState.UNKNOWN
    assert not job.state.is_final
    assert job.raw_state == "defragmenting"


async def test_a_faulty_moment_while_polling_is_told_as_temporary(
    provider: OpenAICompatibleProvider, double: FaultyOpenAI
) -> None:
    await provider.create(spec())
    double.poll_faults = [400]
    with pytest.raises(Exception, match="a bad moment"):
        await provider.retrieve("ftjob-1")
    double.poll_faults = [503]
    assert (await provider.retrieve("ftjob-1")).state is JobState.SUCCEEDED
    double.poll_faults = [503] * 3
    with pytest.raises(ServiceUnavailable):
        await provider.retrieve("ftjob-1")


async def test_a_stream_that_breaks_off_has_no_finish_reason(
    provider: OpenAICompatibleProvider, double: FaultyOpenAI
) -> None:
    messages = [Message("user", "hi")]
    whole = [piece async for piece in provider.chat("m", messages, max_tokens=9, temperature=0)]
    assert whole[:2] == [ChatDelta("Hello"), ChatDelta(" there")]
    assert isinstance(whole[-1], ChatEnd) and whole[-1].finish_reason == "stop"
    double.chat_fault = "cut"
    cut = [piece async for piece in provider.chat("m", messages, max_tokens=9, temperature=0)]
    assert cut[-1] == ChatEnd(None, {})


async def test_an_upload_with_a_lost_reply_is_found_instead_of_sent_again(
    provider: OpenAICompatibleProvider, double: FaultyOpenAI, tmp_path: Path
) -> None:
    file = tmp_path / "job-aa11-train.jsonl"
    file.write_text('{"messages": []}\n')
    double.upload_fault = "lost"
    with pytest.raises(Offline):
        await provider.upload(file)
    assert await provider.find_upload(file.name, file.stat().st_size) == "file-1"
    assert double.requests["POST /v1/files"] == 1
