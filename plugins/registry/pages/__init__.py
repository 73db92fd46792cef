"""The registry's hand-made pages: the look at a full number, the search by one, bringing a list in, and taking one out."""

from __future__ import annotations

from flask import Blueprint

from plugins.registry.pages import exporting, importing, looking

blueprint = Blueprint("registry", "plugins.registry", template_folder="templates")

_HERE = "/s/<site_code>/registry"


def _add(path: str, name: str, view: object, *methods: str) -> None:
    blueprint.add_url_rule(_HERE + path, name, view, methods=methods or ("GET",))  # type: ignore[arg-type]


_add("/resident/<uuid:case_id>/reveal", "reveal", looking.reveal, "GET", "POST")
_add("/resident/<uuid:case_id>/identity", "reveal_identity", looking.reveal_identity, "GET", "POST")
_add("/find", "find", looking.find, "GET", "POST")
_add("/import", "import_list", importing.import_list, "GET", "POST")
_add("/import/template.xlsx", "template", importing.template)
_add("/import/<uuid:case_id>/recheck", "import_again", importing.import_again, "GET", "POST")
_add("/import/<uuid:case_id>/faults.xlsx", "faults", importing.faults)
_add("/export", "export", exporting.export)
_add("/export/households.xlsx", "export_masked", exporting.export_masked)
_add("/export/full", "export_full", exporting.export_full, "GET", "POST")
