"""Who gets a parcel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from guanjia.sdk import Coded, Kind, Params, Rule, Verdict, allow, deny, param, words

_ = words("pm_parcels")


class Proof(Params):
    """What counts as proof."""

    accepted: tuple[Coded, ...] = param(
        (Coded("code"), Coded("identity")), choices=("code", "identity", "known"), at_least_one=True
    )


proof_at_counter = Rule("pm_parcels.proof_at_counter", Kind.GUARD, Proof)


@proof_at_counter.guard("pm_parcels.parcel.hand_over")
def only_against_proof(form: Mapping[str, Any], params: Proof) -> Verdict:
    """A parcel is handed over against a proof that the office accepts (901/2)."""
    if form["shown"] in params.accepted:
        return allow()
    return deny(_("This proof does not count here. Ask for one that does, then enter it."))
