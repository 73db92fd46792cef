"""What indicators measure: their figures at the reader's place, by the rule's parameters of the day."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from guanjia.errors import GuanjiaError
from guanjia.rules.measure import Measure, Span
from guanjia.steps.loader import Loader


def measure(loader: Loader, rule: str, span: Span) -> list[Measure]:
    """The rule's measures of the span at the reader's site; at headquarters over the sites that they reach. Empty where the
    rule is off. Raises PluginFailed where its program fails."""
    host = loader.host
    rulebook = host.rulebooks.current(loader.session, loader.place, loader.now)
    found = host.rules[rule]
    if not rulebook.is_on(rule) or not host.is_active(found.plugin, loader.place):
        return []
    params = found.params.load(rulebook.params_of(rule))
    measures: list[Measure] = []
    try:
        for function in found.indicators:
            answer = function.call(loader.session, _sites(loader), span, params)
            measures += answer if isinstance(answer, list | tuple) else [answer]
    except GuanjiaError:
        raise
    except Exception as fault:
        raise host.faults.failed("indicator", rule, fault, loader.company_id, found.plugin) from fault
    return measures


def _sites(loader: Loader) -> Sequence[UUID]:
    if loader.site is not None:
        return [loader.site.id]
    reach = loader.actor.reach if loader.actor is not None else None
    return [site.id for site in loader.host.directory.sites(loader.session) if reach is None or site.id in reach]
