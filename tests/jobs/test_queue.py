"""What is handed to the queue: ids only, each message once; and who carries out what cannot be handed over."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner
from redis import Redis
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer

import servers
from guanjia.cli import cli
from guanjia.config import Config
from guanjia.jobs import queue
from guanjia.jobs.queue import ALIVE, Handing, QueueDown

COMPANY = uuid4()
LINE = "rq:queue:guanjia"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with servers.private_redis() as found:
        yield found


@pytest.fixture
def redis(url: str) -> Redis:
    """The queue's Redis, empty but for a worker's sign of life."""
    found = Redis.from_url(url)
    found.flushall()
    found.set(ALIVE, "1")
    return found


@pytest.fixture
def config(url: str, tmp_path: Path) -> Config:
    return Config(data_folder=tmp_path, database_url="", owner_database_url="", redis_url=url)


def line(redis: Redis) -> list[str]:
    return [item.decode() for item in redis.lrange(LINE, 0, -1)]


def job_of(redis: Redis, message: UUID) -> Job:
    return Job.fetch(f"outbox-{message}", connection=redis, serializer=JSONSerializer)


def test_a_job_holds_ids_only_and_runs_no_code_of_whoever_can_write_to_redis(redis: Redis, config: Config) -> None:
    message = uuid4()
    assert Handing(config).hand(COMPANY, [message]) == 1
    function, _instance, args, kwargs = json.loads(
        zlib.decompress(redis.hget(f"rq:job:outbox-{message}", "data") or b"")
    )
    assert (function, args, kwargs) == ("guanjia.jobs.queue.carry_out", [str(COMPANY), str(message)], {})
    assert job_of(redis, message).timeout == config.message_lease


def test_a_message_handed_over_twice_stands_in_the_line_once(redis: Redis, config: Config) -> None:
    messages = [uuid4(), uuid4()]
    handing = Handing(config)
    handing.hand(COMPANY, messages)
    handing.hand(COMPANY, messages[::-1])
    assert line(redis) == [f"outbox-{m}" for m in messages]


@pytest.mark.parametrize("left", [JobStatus.STARTED, JobStatus.FAILED, JobStatus.QUEUED])
def test_what_a_killed_worker_left_behind_is_handed_over_anew(redis: Redis, config: Config, left: JobStatus) -> None:
    message, handing = uuid4(), Handing(config)
    handing.hand(COMPANY, [message])
    redis.lpop(LINE)  # a worker took it and was killed before it began, while it worked, or was found dead since
    job_of(redis, message).set_status(left)
    handing.hand(COMPANY, [message])
    assert line(redis) == [f"outbox-{message}"]
    assert job_of(redis, message).get_status() is JobStatus.QUEUED


def test_nothing_is_handed_to_a_queue_without_workers(redis: Redis, config: Config) -> None:
    redis.delete(ALIVE)
    assert not Handing(config).usable()
    redis.set(ALIVE, "1")
    assert Handing(config).usable()


def test_a_redis_that_does_not_answer_is_told_and_then_left_alone(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    with servers.private_redis() as url:
        handing = Handing(replace(config, redis_url=url))
        Redis.from_url(url).set(ALIVE, "1")
        assert handing.usable()
    with pytest.raises(QueueDown):
        handing.hand(COMPANY, [uuid4()])
    monkeypatch.setattr(handing, "_redis", None)  # asking now would fail
    assert not handing.usable()
    monkeypatch.setattr(queue, "PAUSE", 0)
    with pytest.raises(AttributeError):
        handing.usable()


def test_workers_need_redis_and_the_command_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GUANJIA_DATA", str(tmp_path))
    monkeypatch.delenv("GUANJIA_REDIS_URL", raising=False)
    for options, said in ((["--workers", "2"], "GUANJIA_REDIS_URL"), (["--no-relay"], "GUANJIA_REDIS_URL"),
                          (["--relay-only", "--workers", "2"], "--relay-only")):  # fmt: skip
        answer = CliRunner().invoke(cli, ["worker", *options])
        assert (answer.exit_code, said in answer.output) == (2, True), answer.output
