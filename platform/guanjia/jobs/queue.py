"""The queue in Redis: which messages RQ workers should carry out. It may lose all of it; the outbox loses nothing."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import UUID

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue, SimpleWorker
from rq.exceptions import DuplicateJobError, NoSuchJobError, StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer

from guanjia.config import Config
from guanjia.logs import set_up_logs

if TYPE_CHECKING:
    from flask import Flask

_log = logging.getLogger("guanjia.jobs")
NAME = "guanjia"
ALIVE = "guanjia:workers-alive"  # there while at least one worker lives
BEAT = 5  # seconds between two signs of life
MISSED = 4  # beats without which nobody is taken to be alive
PAUSE = 2  # seconds for which a Redis that did not answer is left alone
WORKER_TTL = 30  # seconds after which RQ forgets a worker that does not report


class QueueDown(Exception):
    """Redis does not answer, or no worker lives: whoever claimed the messages carries them out."""


class Handing:
    """Hands messages to RQ: company and message id only, under a job id of their own, so that none stands there twice."""

    def __init__(self, config: Config) -> None:
        url = str(config.redis_url)
        # Two seconds and no second try: a relay that waits for Redis carries nothing out meanwhile.
        self._redis: Any = Redis.from_url(
            url, socket_connect_timeout=2, socket_timeout=2, retry=Retry(NoBackoff(), 0), health_check_interval=0
        )
        self._queue = Queue(NAME, connection=self._redis, serializer=JSONSerializer)
        self._timeout = config.message_lease
        self._asked_at = 0.0
        self._usable = False

    def usable(self) -> bool:
        """Whether Redis answers and a worker lives; asked again every few seconds."""
        if time.monotonic() - self._asked_at < PAUSE and self._asked_at:
            return self._usable
        return self._ask()

    def _ask(self) -> bool:
        before = self._usable
        try:
            self._usable, why = bool(self._redis.exists(ALIVE)), "no worker lives"
        except (RedisError, OSError) as error:
            self._usable, why = False, f"Redis does not answer ({type(error).__name__})"
        if before != self._usable or not self._asked_at:
            _log.warning("messages go to the queue" if self._usable else "messages are carried out by the relay: %s",
                         *([] if self._usable else [why]))  # fmt: skip
        self._asked_at = time.monotonic()
        return self._usable

    def hand(self, company_id: UUID, message_ids: Sequence[UUID]) -> int:
        """The messages stand in the queue; how many. Raises QueueDown with nothing lost: some may stand there already."""
        try:
            for message_id in message_ids:
                self._hand_one(company_id, message_id)
        except (RedisError, OSError) as error:
            self._usable, self._asked_at = False, time.monotonic()
            _log.warning("Redis does not answer (%s); messages are carried out by the relay", type(error).__name__)
            raise QueueDown from error
        return len(message_ids)

    def _hand_one(self, company_id: UUID, message_id: UUID) -> None:
        job_id = f"outbox-{message_id}"
        for _attempt in (1, 2):
            try:
                self._queue.enqueue_call(
                    "guanjia.jobs.queue.carry_out", args=(str(company_id), str(message_id)), job_id=job_id, unique=True,
                    timeout=self._timeout, result_ttl=0, failure_ttl=60,
                )  # fmt: skip
                return
            except DuplicateJobError:
                if self._queue.get_job_position(job_id) is not None:
                    return  # it stands in the line still
                self._forget(job_id)  # what a killed worker left behind: nobody would ever begin it

    def _forget(self, job_id: str) -> None:
        try:
            Job.fetch(job_id, connection=self._redis, serializer=JSONSerializer).delete()
        except NoSuchJobError:
            return


# -- in a worker's process -------------------------------------------------------------------------------

_opened: dict[str, Flask] = {}


def carry_out(company_id: str, message_id: str) -> None:
    """What RQ calls: the message is carried out, or left for later. The application is opened once in a process."""
    try:
        app = _app()
        with app.app_context():
            app.extensions["guanjia"].relay.carry_out(UUID(company_id), UUID(message_id))
    except Exception:  # the database does not answer, say: the relay hands it over again when its lease ends
        _log.exception("message %s could not be begun or ended", message_id)


def _app() -> Flask:
    if "app" not in _opened:
        from guanjia.app import create_app

        _opened["app"] = create_app()
    return _opened["app"]


class _Worker(SimpleWorker):
    """RQ's worker without a fork for each message, and without commands by way of Redis: signals are enough."""

    log_result_lifespan = False
    log_job_description = False
    max_connection_wait_time = 5.0  # a Redis that comes back is noticed within that
    told_to_stop = threading.Event()

    def request_stop(self, signum: Any, frame: Any) -> None:
        """The message in hand is ended, and none is begun."""
        self.told_to_stop.set()
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def subscribe(self) -> None:
        """Nothing to listen to."""

    def unsubscribe(self) -> None:
        """Nothing was listened to."""


def work(config: Config | None = None) -> None:
    """Carry out what stands in the queue until SIGTERM; the message in hand is ended first.

    RQ's worker gives up when Redis goes in the middle of a message; another one is made then. Ends also when the
    process that started it is gone.
    """
    config = config or Config.from_environment()
    set_up_logs(config)
    _app()
    threading.Thread(
        target=_live, args=(str(config.redis_url), os.getppid()), name="guanjia-alive", daemon=True
    ).start()
    connection: Any = Redis.from_url(str(config.redis_url), socket_connect_timeout=2)
    try:
        while not _Worker.told_to_stop.is_set():
            try:
                worker = _Worker([NAME], connection=connection, serializer=JSONSerializer, worker_ttl=WORKER_TTL)
                worker.work(logging_level="CRITICAL")
            except (RedisError, OSError) as error:
                _log.warning("Redis does not answer (%s); asked again in a second", type(error).__name__)
            if not _Worker.told_to_stop.is_set():
                time.sleep(1)
    except StopRequested:
        pass  # told so between two workers


def _live(url: str, parent: int) -> None:
    """Tell Redis every few seconds that a worker lives; end with the process that started this one."""
    redis: Any = Redis.from_url(url, socket_connect_timeout=2, socket_timeout=2)
    while not _Worker.told_to_stop.is_set():
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)
            return
        with suppress(RedisError, OSError):  # told by the worker itself
            redis.set(ALIVE, "1", ex=BEAT * MISSED)
        _Worker.told_to_stop.wait(BEAT)


if __name__ == "__main__":
    from guanjia.jobs.queue import work as _work  # RQ and this process must mean the same module

    _work()
