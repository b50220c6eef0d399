"""Word files: variables, conditions and loops, whatever Word made of them; values never break the document."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from flask import Flask
from flask_babel import Babel

from app.core.documents import filling, starters
from app.kernel.errors import Invalid
from tests.core.documents.papers import VALUES, changed, fill, part, said, word


@pytest.fixture(autouse=True)
def sentences() -> Iterator[None]:
    """What is said of mistakes is said in English; nothing else of an application is needed."""
    bare = Flask("bare")
    Babel(bare)
    with bare.test_request_context():
        yield


def wrong(content: bytes) -> list[str]:
    with pytest.raises(Invalid) as caught:
        filling.check(io.BytesIO(content), "docx", VALUES)
    return [each for several in caught.value.errors.values() for each in several]


@pytest.mark.requirement("OF-337")
def test_variables_are_replaced_and_no_braces_are_left() -> None:
    found = said(fill(word("{{ record.reference }}: {{ record.title }} of {{ user.company.name }}"), "docx"))
    assert found == ["INC-1: Slip of Acme & Sons"]
    assert "{{" not in "".join(found)


def test_a_variable_that_word_split_over_runs_is_one() -> None:
    split = ('<w:p><w:r><w:t>A {{ rec</w:t></w:r><w:proofErr w:type="spellStart"/><w:r><w:rPr><w:b/></w:rPr><w:t>ord.ti</w:t></w:r>'
             '<w:r><w:t>tle|upper }} and {</w:t></w:r><w:r><w:t>{user.email}} end</w:t></w:r></w:p>')
    assert said(fill(word(raw=split), "docx")) == ["A SLIP and ana@acme.example end"]


def test_curly_quotes_and_fixed_spaces_that_word_puts_in_mean_what_was_typed() -> None:
    assert said(fill(word("{%\u00a0if record.title == “Slip” %}yes{% else %}no{% endif %}"), "docx")) == ["yes"]


@pytest.mark.requirement("OF-378")
def test_a_filter_makes_capitals() -> None:
    assert said(fill(word("{{ user.name|upper }}"), "docx", {"user": {**VALUES["user"], "name": "Ana"}})) == ["ANA"]


@pytest.mark.requirement("OF-379")
def test_a_condition_shows_its_words_to_an_administrator_only() -> None:
    template = word("{% if user.is_admin %}Admin{% endif %}", "end")
    assert said(fill(template, "docx")) == ["Admin", "end"]
    assert said(fill(template, "docx", {"user": {**VALUES["user"], "is_admin": False}})) == ["", "end"]


@pytest.mark.requirement("OF-380")
def test_a_loop_in_a_line_over_paragraphs_and_over_rows() -> None:
    line = "{% for item in items %}{{ item.name }}{% if not loop.last %}, {% endif %}{% endfor %}"
    assert said(fill(word(line), "docx")) == ["one, two, three"]
    paragraphs = word("{% for item in items %}", "{{ loop.index }}. {{ item.name }}", "{% endfor %}", "end")
    assert said(fill(paragraphs, "docx")) == ["1. one", "2. two", "3. three", "end"]
    table = starters.table([["Name", "Number"], ["{% for item in items %}{{ item.name }}", "{{ loop.index }}{% endfor %}"]], head=True)
    assert said(fill(word(raw=table), "docx"))[2:] == ["one", "1", "two", "2", "three", "3"]


@pytest.mark.parametrize("table", [
    [["Name", "N"], ["{%tr for item in items %}", ""], ["{{ item.name }}", "x"], ["{%tr endfor %}", ""]],
    [["Name", "N"], ["{% for item in items %}", ""], ["{{ item.name }}", "x"], ["{% endfor %}", ""]],
    [["Name", "N"], ["{%tr for item in items %}{{ item.name }}{%tr endfor %}", "x"]],
])
def test_rows_that_hold_nothing_but_tags_go_with_them(table: list[list[str]]) -> None:
    assert said(fill(word(raw=starters.table(table)), "docx"))[2:] == ["one", "x", "two", "x", "three", "x"]


def test_loops_in_loops_and_conditions_around_rows_nest() -> None:
    groups = [{"name": "A", "parts": [{"name": "a"}, {"name": "b"}]}, {"name": "B", "parts": []}]
    rows = [["{% for group in groups %}{% if group.parts %}", ""], ["{{ group.name }}", "head"],
            ["{% for part in group.parts %}{{ part.name }}", "row{% endfor %}"], ["{% endif %}{% endfor %}", ""]]
    assert said(fill(word(raw=starters.table(rows)), "docx", {"groups": groups})) == ["A", "head", "a", "row", "b", "row"]


def test_no_rows_leave_no_broken_table() -> None:
    table = starters.table([["{% for item in items %}{{ item.name }}", "x{% endfor %}"]])
    assert said(fill(word("before", raw=table), "docx", {"items": []})) == ["before"]


@pytest.mark.parametrize("value", ["<w:p>", "&amp; & <", "]]>", "a\x00b\x07\ud800c", "{{ user.name }} {% raw %}", "é" * 100_000,
                                   "\x021\x03", '"quoted" and \'so\''])
def test_no_value_breaks_the_document_or_is_read_as_a_template(value: str) -> None:
    from app.core.templating import variables

    known = {"record": {"title": variables.clean(value)}}
    found = said(fill(word("[{{ record.title }}]"), "docx", known))
    assert len(found) == 1
    assert found[0] == f"[{variables.clean(value).replace(chr(2), '').replace(chr(3), '')}]"


def test_line_breaks_and_tabs_are_real_ones() -> None:
    made = fill(word("{{ record.text }}"), "docx")
    assert said(made) == ["Two\nlines"]
    assert b"<w:br/>" in part(made, "word/document.xml")


@pytest.mark.requirement("OF-335")
def test_logo_styles_head_and_foot_stay_as_they_are() -> None:
    template = word("{{ record.title }}", raw=starters.paragraph("House style", "Heading1"), foot="{{ company.name }}, {{ today }}")
    made = fill(template, "docx")
    for name in ("word/media/logo.png", "word/styles.xml", "word/_rels/header1.xml.rels"):
        assert part(made, name) == part(template, name)
    assert b'r:embed="rId1"' in part(made, "word/header1.xml")
    assert said(made, "word/header1.xml") == ["   Acme & Sons"]
    assert said(made, "word/footer1.xml") == ["Acme & Sons, 1 Jun 2026"]
    assert b'w:val="Heading1"' in part(made, "word/document.xml")


def test_all_mistakes_are_named_with_their_place_and_the_nearest_right_name() -> None:
    table = starters.table([["a", "b"], ["c", "{{ record.titel }}"]])
    found = wrong(word("Fine {{ user.name }}", "{{ usr.name }} {{ user.name|uper }}", "{% for item in itms %}{{ item.nmae }}{% endfor %}",
                       "{% for item in items %}{{ item.nmae }}{% endfor %}", raw=table, foot="{{ tody }}"))
    assert found == [
        "paragraph 2, “{{ usr.name }}”: “usr” is not known here. Did you mean “user”?",
        "paragraph 2, “{{ user.name|uper }}”: There is no filter “uper”. Did you mean “upper”?",
        "paragraph 3, “{% for item in itms %}”: “itms” is not known here. Did you mean “items”?",
        "paragraph 4, “{{ item.nmae }}”: “item.nmae” is not known here. Did you mean “item.name”?",
        "table 1, row 2, column 2, “{{ record.titel }}”: “record.titel” is not known here. Did you mean “record.title”?",
        "Footer, paragraph 1, “{{ tody }}”: “tody” is not known here. Did you mean “today”?",
    ]


@pytest.mark.parametrize(("words", "said_of_it"), [
    ("{{ user.name", "braces are opened and not closed"),
    ("user.name }}", "braces are opened and not closed"),
    ("{% for item in items %}", "is never ended"),
    ("{% endif %}", "ends what was not begun"),
    ("{{ user. }}", "cannot be read"),
    ("{% include 'x' %}", "“include” cannot be used"),
])
def test_what_cannot_be_read_is_named(words: str, said_of_it: str) -> None:
    assert said_of_it in " ".join(wrong(word(words)))


@pytest.mark.requirement("OF-380")
@pytest.mark.parametrize("words", [
    "{{ ''.__class__ }}", "{{ user.__class__.__mro__ }}", "{{ items.append(1) }}", "{{ cycler.__init__.__globals__ }}", "{{ self }}",
    "{{ config }}", "{{ user['__class__'] }}", "{% import 'os' as os %}", "{{ lipsum.__globals__ }}", "{{ user.name.format(user) }}",
])
def test_a_hostile_template_reaches_nothing_of_python(words: str) -> None:
    assert wrong(word(words))
    with pytest.raises(Invalid):
        fill(word(words), "docx")


def test_a_long_list_is_filled_in_portions_and_numbered_through() -> None:
    table = starters.table([["{% for item in items %}{{ loop.index }}", "{{ item.name }}{% endfor %}"]])
    found = said(fill(word("{{ count }}", raw=table), "docx", {"items": [{"name": f"n{n}"} for n in range(2_345)], "count": 2_345}))
    assert found[0] == "2345"
    assert found[1::2] == [str(n) for n in range(1, 2_346)]
    assert found[2::2] == [f"n{n}" for n in range(2_345)]


def test_a_document_says_from_which_template_it_was_made() -> None:
    made = filling.filled(word("x"), "docx", VALUES, [], made_from="Report (DTP-1), version 3")
    assert b"Made with the template Report (DTP-1), version 3" in part(made, "docProps/core.xml")


def test_tags_of_a_file_with_comments_and_instructions_are_still_ours() -> None:
    raw = part(word("{{ record.title }}"), "word/document.xml").replace(b"<w:body>", b"<!-- x --><?opsflux 99?><w:body>")
    assert said(fill(changed(word("x"), **{"word__document.xml": raw}), "docx")) == ["Slip"]
