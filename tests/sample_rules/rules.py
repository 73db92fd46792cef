"""A small module with rules of its own, for tests of settings: its steps belong to a plugin that is not installed."""

from decimal import Decimal
from typing import Any

from guanjia.sdk import Coded, Kind, Params, Plugin, RoleKey, Rule, Text, Verdict, allow, param


class SweepParams(Params):
    """What can be set about sweeping."""

    within_hours: int = param(24, min=1, max=240)
    fee_fen: int = param(1000, min=0, max=100_000)
    share: Decimal = param(Decimal("0.3"), min=0, max=1)
    role: RoleKey = param(RoleKey("cashier"))
    also: tuple[RoleKey, ...] = param(())
    kinds: tuple[Coded, ...] = param((Coded("stairs"), Coded("hall")), at_least_one=True)
    season: Coded = param(Coded("winter"), choices=("winter", "summer"))
    by_machine: bool = param(False)


sweep = Rule("sample_rules.sweep", Kind.GUARD, params=SweepParams)
pay_first = Rule("sample_rules.pay_first", Kind.GUARD, conflicts=("sample_rules.pay_later",))
pay_later = Rule("sample_rules.pay_later", Kind.GUARD, on=False)
dry = Rule("sample_rules.dry", Kind.DUTY)


@sweep.guard("elsewhere.job.start")
def before_start(case: Any, params: SweepParams) -> Verdict:
    """Nobody installed the steps that this guard stands before."""
    return allow()


plugin = Plugin(
    key="sample_rules",
    title=Text("保洁", "Cleaning"),
    package="sample_rules.rules",
    rules=(sweep, pay_first, pay_later, dry),
)
