"""A plugin's jobs by the clock: each company's own day and hours, once each."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from guanjia.config import Config
from guanjia.host import Host, PluginFault
from guanjia.manifest import Job
from office import Company
from probe import Probe


def test_jobs_run_once_a_day_or_once_an_hour_for_each_company(company: Company, monkeypatch: Any) -> None:
    ran: list[tuple[str, UUID, str]] = []

    def run(ctx: Any, payload: Any) -> None:
        ran.append((payload["job"], ctx.company_id, company.host.clock.now().isoformat()))

    jobs = [Job("probe.hourly", run, every="hour"), Job("probe.nightly", run, every="day"), Job("probe.asked", run)]
    monkeypatch.setattr(company.host, "jobs", {job.key: job for job in jobs})
    company.later(hours=15)  # 00:10 in Shanghai on Tuesday
    ran.clear()
    company.later(days=1)
    for job, times in (("probe.hourly", 24), ("probe.nightly", 1), ("probe.asked", 0)):
        for tenant in (company.plan.company_id, company.plan.other_id):
            found = [at for key, of, at in ran if (key, of) == (job, tenant)]
            assert len(found) == len(set(found)) == times
    assert {at[14:16] for key, _of, at in ran if key == "probe.hourly"} == {"00"}


def test_a_job_that_wants_to_run_otherwise_is_refused_at_start(company: Company) -> None:
    found = Probe("trial", "Trial", "probe", jobs=[Job("trial.often", print, every="minute")])
    config = Config(company.host.config.data_folder, "", "")
    with pytest.raises(PluginFault, match='cannot run every "minute"; say "day" or "hour"'):
        Host(config, [company.host.plugins["tenants"], found])
