"""Bad input: in any field, path or query it is answered with 4xx and the field's name, never with a fault of the program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from marshmallow import ValidationError, fields

from access.badness import ALWAYS, MEGABYTE, bad_values, extremes
from access.forms import Tried, steps_of, switch_off
from access.people import World
from guanjia.api.problems import flat_errors
from guanjia.steps.flow import Step


@pytest.fixture(scope="module")
def tried(world: World) -> Tried:
    """With all rules off, so that what is sent comes as far as the step itself."""
    switch_off(world, "manager", world.east)
    return Tried(world)


def refused(step: Step, form: Mapping[str, Any]) -> set[str]:
    """The names of the fields that the step's schema refuses."""
    assert step.form is not None
    try:
        step.form().load(form)
    except ValidationError as error:
        return set(flat_errors(error.messages_dict))
    return set()


# ---------------------------------------------------------------------- the schemas, field by field


def test_every_field_refuses_what_is_bad_and_says_which(tried: Tried) -> None:
    """Each field of each step's form, with each kind of bad value, the rest of the form being right."""
    count, wrong = 0, []
    for _flow, step, _api, _page, form in tried.each():
        assert not refused(step, form), (step.key, refused(step, form), "the table of valid forms is at fault")
        for path, sent, kind in _spoilt(step.form().fields, form):
            count += 1
            found = refused(step, sent)
            if not any(name == path or name.startswith(f"{path}.") for name in found) or "_schema" in found:
                wrong.append(f"{step.key}: {kind} in {path} is answered with {sorted(found) or 'yes'}")
    assert not wrong, "\n".join(wrong)
    assert count > 2500


def _spoilt(
    found: Mapping[str, fields.Field[Any]], form: Mapping[str, Any], before: str = ""
) -> Iterator[tuple[str, Any, str]]:
    for name, f in found.items():
        for kind, value in bad_values(f):
            yield name, {k: v for k, v in form.items() if k != name} | ({} if value is ... else {name: value}), kind
        nested = f.inner if isinstance(f, fields.List) else f
        if isinstance(nested, fields.Nested):
            row = form[name][0] if isinstance(f, fields.List) else form.get(name, {})
            for path, spoilt, kind in _spoilt(nested.schema.fields, row):
                inner = f"{name}.0.{path}" if isinstance(f, fields.List) else f"{name}.{path}"
                yield inner, dict(form) | {name: [spoilt] if isinstance(f, fields.List) else spoilt}, kind


# ---------------------------------------------------------------------- the API


def test_the_api_names_the_fields(tried: Tried) -> None:
    """All fields of a form at once, with one kind of bad value after the other."""
    seen = set()
    for _flow, step, api, _page, form in tried.each():
        kinds = (
            ["an object"]
            if step.form in seen
            else ["an object", "NUL", "nested deeply", "beyond 64 bits", "a megabyte"]
        )
        seen.add(step.form)
        for kind in kinds:
            sent = dict.fromkeys(form, ALWAYS[kind])
            if kind == "a megabyte":
                sent = form | {next(iter(form)): MEGABYTE}
            answer = tried.world.call("POST", api, "hq", json=sent)
            assert (answer.status_code, answer.json["type"]) == (422, "/problems/invalid"), (api, kind, answer.json)
            named = {name.split(".")[0] for name in answer.json["errors"]}
            assert named and named <= set(form), (api, kind, answer.json["errors"])
            if kind == "an object":
                assert named == {name.split(".")[0] for name in refused(step, sent)}, (api, answer.json["errors"])
        answer = tried.world.call("POST", api, "hq", json=form | {"surplus": 1})
        assert answer.status_code == 422 and "surplus" in answer.json["errors"], api
    tried.world.no_faults()


def test_the_greatest_and_least_that_a_schema_takes_is_no_fault(tried: Tried) -> None:
    """What passes the schema is stored, or refused by name; the database never has to say no."""
    count, passed, wrong = 0, 0, []
    seen = set()
    for flow, step in steps_of(tried.world, forms_only=True):
        if (step.form, flow.plugin) in seen:
            continue
        seen.add((step.form, flow.plugin))
        for name, f in step.form().fields.items():
            for value in extremes(f):
                api, _page, case_id = tried.place(flow, step)
                form = tried.forms.of(step, case_id) | {name: value}
                answer = tried.world.call("POST", api, "hq", json=form)
                assert answer.status_code in (200, 201, 202, 403, 409, 422), (
                    api,
                    name,
                    value,
                    answer.status_code,
                    answer.json,
                )
                if answer.status_code == 422:
                    assert answer.json.get("errors") or answer.json.get("reasons"), (api, name, value, answer.json)
                assert not tried.world.faults.found, (api, name, value, tried.world.faults.found)
                count, passed = count + 1, passed + (answer.status_code < 300)
    assert not wrong, "\n".join(wrong)
    assert count > 300 and passed > 150, (count, passed)
