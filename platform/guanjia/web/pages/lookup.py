"""Search as you type: the plugin's own search, drawn as the choices below the field."""

from __future__ import annotations

from flask import render_template, request

from guanjia.web.caller import caller, reading
from guanjia.web.pages.posting import find_lookup

MOST = 20


def lookup(name: str, site_code: str | None = None) -> str:
    """What the lookup finds for `?q=`. Raises NotFound where no plugin that is on has one of that name."""
    context = caller(site_code)
    text = request.args.get("q", "").strip()[:100]
    with reading(context) as loader:
        full, search = find_lookup(loader, name)
        results, broken = [], True
        with loader.host.faults.apart("lookup", full, plugin=full.split(".", 1)[0], company_id=loader.company_id,
                                      session=loader.session):  # fmt: skip
            for row in list(search(loader, text))[:MOST]:
                value, title, *rest = row
                results.append((str(value), str(title), str(rest[0]) if rest and rest[0] else ""))
            broken = False
        return render_template("guanjia/lookup.html", results=results, asked=text, broken=broken)
