"""The registry of keys: one entry feeds the browser, the sheet, the palette and the buttons."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from flask import Flask

from app.kernel import keys
from app.kernel.current import acting
from app.kernel.errors import DeclarationError
from app.kernel.keys import (
    SCOPES,
    Key,
    destination,
    key_attributes,
    keys_for,
    palette_actions,
    register,
    registered,
    sheet,
    shown_keys,
    spoken_keys,
)
from tests.kernel.browser_side import ORGANISATION, PERSON, application


@pytest.fixture
def app() -> Iterator[Flask]:
    before = list(keys._KEYS)
    app = application()
    with app.test_request_context(), acting(ORGANISATION, PERSON):
        yield app
    keys._KEYS[:] = before


def under(app: Flask, preset: str) -> object:
    return app.test_request_context(headers={"Cookie": f"keys={preset}"})


def test_every_entry_has_words_a_scope_and_keys() -> None:
    for key in registered():
        assert str(key.label)
        assert key.scope in SCOPES
        assert key.keys


def test_no_key_means_two_things_in_one_place() -> None:
    for preset in ("gmail", "linear", "outlook"):
        for scope in SCOPES:
            bound = [k for key in registered() if key.scope in ("global", scope) for k in key.bound(preset)]
            assert len(bound) == len(set(bound)), (preset, scope, sorted(k for k in bound if bound.count(k) > 1))


def test_keys_of_the_browser_are_left_to_it() -> None:
    taken = {"Mod+c", "Mod+v", "Mod+x", "Mod+z", "Mod+a", "Mod+f", "Mod+p", "Mod+t", "Mod+w", "Mod+n", "Mod+r", "Mod+l", "Tab", "F5", "F6"}
    assert not taken & {k for key in registered() for k in key.keys}


def test_the_browser_gets_the_keys_of_the_page_and_of_everywhere(app: Flask) -> None:
    queue = {entry["a"] for entry in json.loads(keys_for("queue"))}
    assert {"search", "palette", "queue.approve"} <= queue
    assert not [action for action in queue if action.startswith("list.")]
    assert "queue.approve" not in {entry["a"] for entry in json.loads(keys_for())}


def test_switched_off_only_keys_with_a_modifier_remain(app: Flask) -> None:
    with under(app, "off"):  # type: ignore[attr-defined]
        left = {k for entry in json.loads(keys_for("queue", "list", "form", "detail")) for k in entry["k"]}
        assert left == {"Mod+k", "Mod+s", "Mod+Enter", "Escape"}
        assert shown_keys("queue.approve") == []


def test_presets_move_keys(app: Flask) -> None:
    with under(app, "outlook"):  # type: ignore[attr-defined]
        assert shown_keys("queue.snooze") == ["s"]
    assert shown_keys("queue.snooze") == ["h"]


def test_a_place_gets_g_and_its_letter_and_leads_there(app: Flask) -> None:
    destination("inbox", "inbox/", "Inbox")
    entry = next(e for e in json.loads(keys_for()) if e["a"] == "go.inbox")
    assert entry == {"a": "go.inbox", "k": ["g i"], "u": "/northgate/inbox/"}
    destination("inbox", "inbox/", "Inbox")
    assert sum(1 for key in registered() if key.action == "go.inbox") == 1


def test_a_place_without_letter_has_no_key(app: Flask) -> None:
    before = len(registered())
    destination("nowhere", "nowhere/", "Nowhere")
    assert len(registered()) == before


@pytest.mark.parametrize("key", [Key("other.search", ("/",), "x"), Key("queue.approve", ("F2",), "x", "queue"),
                                 Key("list.jump", ("j",), "x", "list"),
                                 Key("list.find", ("?",), "x", "list")])
def test_a_clash_stops_the_start(app: Flask, key: Key) -> None:
    with pytest.raises(DeclarationError):
        register(key)


def test_the_same_key_in_another_scope_is_fine(app: Flask) -> None:
    register(Key("detail.assign", ("a",), "Assign", "detail"))
    assert shown_keys("detail.assign") == ["a"]


def test_how_keys_are_shown_and_spoken(app: Flask) -> None:
    assert shown_keys("form.save") == ["Ctrl S"]
    assert shown_keys("queue.all") == ["*", "a"]
    assert shown_keys("detail.print") == ["⇧ P"]
    assert spoken_keys("form.save") == "Control+s"
    assert spoken_keys("queue.all") == ""
    assert key_attributes("queue.approve") == ' data-key="queue.approve" aria-keyshortcuts="a"'
    assert key_attributes("") == ""


def test_an_unknown_action_has_no_key(app: Flask) -> None:
    with pytest.raises(LookupError):
        shown_keys("queue.dance")


def test_the_sheet_lists_what_works_here(app: Flask) -> None:
    groups = sheet("queue")
    assert [str(label) for label, _keys in groups] == ["Everywhere", "In the inbox"]
    assert "queue.undo" in {key.action for _label, found in groups for key in found}


def test_the_palette_offers_places_and_actions_by_word(app: Flask) -> None:
    destination("jobs", "jobs/", "Jobs")
    assert [(a.id, a.url, a.keys, a.run) for a in palette_actions("job")] == [("go-jobs", "/northgate/jobs/", ["g", "j"], "")]
    assert "sheet" in {a.run for a in palette_actions()}
