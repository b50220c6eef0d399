"""The kit: every macro is one global, renders alone, and says what it is to everybody."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask, render_template_string

from app.kernel.current import acting
from app.kernel.kit import FILES, initials
from app.kernel.screens import screen
from tests.kernel.browser_side import ORGANISATION, PERSON, application, bound


@pytest.fixture
def app() -> Iterator[Flask]:
    app = application()
    with app.test_request_context("/x"), acting(ORGANISATION, PERSON):
        yield app


def draw(source: str, **context: object) -> str:
    return render_template_string(source, **context)


def test_an_unknown_macro_is_named_with_what_there_is(app: Flask) -> None:
    with pytest.raises(AttributeError, match=r"buton.*button"):
        app.jinja_env.globals["ui"].buton  # type: ignore[attr-defined]  # noqa: B018


def test_no_macro_is_in_two_files(app: Flask) -> None:
    assert len(app.jinja_env.globals["ui"].names()) > 45  # type: ignore[attr-defined]


def test_a_button_shows_its_key_and_says_it(app: Flask) -> None:
    html = draw("{{ ui.button('Approve', key='queue.approve') }}")
    assert 'data-key="queue.approve"' in html
    assert 'aria-keyshortcuts="a"' in html
    assert '<kbd class="kbd" aria-hidden="true">a</kbd>' in html


def test_a_control_that_cannot_be_used_says_why_in_words(app: Flask) -> None:
    html = draw("{{ ui.why_not('close', 'Close', 'Two actions are open.') }}")
    assert 'aria-disabled="true"' in html
    assert 'aria-describedby="close-why"' in html
    assert "Two actions are open." in html


@pytest.mark.parametrize("colour", ["GREEN", "ORANGE", "RED"])
def test_a_risk_is_never_colour_alone(app: Flask, colour: str) -> None:
    html = draw("{{ ui.risk(c) }}", c=colour)
    assert f'data-risk="{colour}"' in html
    assert f'<span class="sr-only">{colour}</span>' in html


def test_a_state_that_warns_has_a_sign_beside_its_colour(app: Flask) -> None:
    assert "#circle-alert" in draw("{{ ui.state('Overdue', 'danger') }}")
    assert "#triangle-alert" in draw("{{ ui.state('Waiting', 'warning') }}")


@pytest.mark.parametrize(("changes", "wanted"), [
    ({}, 'type="text"'),
    ({"kind": "email"}, 'type="email"'),
    ({"kind": "long_text"}, "<textarea"),
    ({"kind": "date"}, 'type="date"'),
    ({"kind": "datetime"}, 'type="datetime-local"'),
    ({"kind": "money", "affix": "£"}, 'inputmode="decimal"'),
    ({"kind": "integer"}, 'inputmode="numeric"'),
    ({"kind": "boolean", "value": True}, "checked"),
    ({"kind": "choice", "options": [("a", "A"), ("b", "B")], "value": "b"}, '<option value="b" selected>B</option>'),
    ({"kind": "choice", "options": [("a", "A")], "widget": "radio"}, 'type="radio"'),
    ({"kind": "reference", "suggest": "/pick", "text": "Rowan"}, 'name="title__text" value="Rowan"'),
    ({"kind": "file"}, 'type="file"'),
])
def test_each_kind_has_its_control_with_a_label(app: Flask, changes: dict[str, object], wanted: str) -> None:
    html = draw("{{ ui.field(b) }}", b=bound(**changes))
    assert wanted in html
    assert 'for="field-title"' in html
    assert 'id="field-title"' in html


def test_an_error_is_tied_to_its_control(app: Flask) -> None:
    html = draw("{{ ui.field(b) }}", b=bound(errors=["Too short."], help="One line."))
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="field-title-error field-title-hint"' in html
    assert 'id="field-title-error"' in html


def test_what_is_typed_is_escaped(app: Flask) -> None:
    html = draw("{{ ui.field(b) }}{{ ui.toast(t) }}{{ ui.diff(c) }}", b=bound(value='"><script>'), t="<b>", c=[("<i>", "<u>", "<s>")])
    assert "<script>" not in html
    for tag in ("<b>", "<i>", "<u>", "<s>"):
        assert tag not in html


def test_the_summary_links_to_the_fields(app: Flask) -> None:
    html = draw("{{ ui.error_summary(e) }}", e=[("field-title", "Title", "This is needed.")])
    assert '<a class="underline" href="#field-title">Title</a>: This is needed.' in html
    assert 'role="alert"' in html
    assert draw("{{ ui.error_summary([]) }}").strip() == ""


def test_a_change_reads_aloud(app: Flask) -> None:
    html = draw("{{ ui.diff([('State', 'Open', 'Closed')]) }}")
    assert '<span class="sr-only">before: </span>Open</del>' in html
    assert '<span class="sr-only">after: </span>Closed</ins>' in html


def test_links_that_htmx_takes_work_without_it(app: Flask) -> None:
    html = draw("{{ ui.pager('12', '', '/next') }}")
    assert 'href="/next"' in html
    assert 'hx-get="/next"' in html
    assert "hx-nonce=" in html


def test_the_component_page_shows_everything(app: Flask) -> None:
    page = screen("ui/components.html", files=FILES).get_data(as_text=True)
    for part in ("risk", "badge", "alert", "dialog", "menu", "trail", "steps", "meter", "skeleton", "empty"):
        assert f'class="{part}' in page or f" {part}" in page, part


@pytest.mark.parametrize(("name", "letters"), [("Mara Keller", "MK"), ("Élodie de la Tour", "ÉT"), ("Cher", "C"), ("A. (B)", "A")])
def test_initials(name: str, letters: str) -> None:
    assert initials(name) == letters
