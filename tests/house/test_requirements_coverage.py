"""The coverage of requirements: marks are literals that exist, and only a pass counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.requirements_coverage import UnknownRow, marks, measure, report, rows

SOURCE = """
import pytest
pytestmark = pytest.mark.requirement("OF-001")

@pytest.mark.requirement("OF-002", "OF-003")
def test_one(): ...

class TestMore:
    @pytest.mark.parametrize("n", [1, 2])
    @pytest.mark.requirement("OF-004")
    def test_two(self, n): ...
"""


@pytest.fixture
def tests(tmp_path: Path) -> Path:
    folder = tmp_path / "tests"
    folder.mkdir()
    (folder / "test_some.py").write_text(SOURCE)
    return folder


def test_there_are_1375_rows() -> None:
    assert len(rows()) == 1375


def test_marks_of_this_project_name_rows_that_exist() -> None:
    measure(rows(), marks(), {})


def test_marks_are_found_on_modules_functions_and_methods(tests: Path) -> None:
    assert set(marks(tests)) == {
        ("tests/test_some.py::test_one", "OF-001"),
        ("tests/test_some.py::test_one", "OF-002"),
        ("tests/test_some.py::test_one", "OF-003"),
        ("tests/test_some.py::TestMore::test_two", "OF-001"),
        ("tests/test_some.py::TestMore::test_two", "OF-004"),
    }


def test_only_what_passed_with_every_parameter_is_proved(tests: Path) -> None:
    known = rows()
    two = "tests/test_some.py::TestMore::test_two"
    measure(known, marks(tests), {"tests/test_some.py::test_one": "passed", f"{two}[1]": "passed", f"{two}[2]": "failed"})

    lines = report(known)
    assert lines[-1] == "3 of 1375 rows proved"
    assert f"claimed, not proved: OF-004 by {two}" in lines


def test_nothing_is_proved_without_a_run(tests: Path) -> None:
    known = rows()
    measure(known, marks(tests), {})

    assert report(known)[-1] == "0 of 1375 rows proved"


@pytest.mark.parametrize("mark", ['requirement("OF-9999")', "requirement(NAME)", "requirement()"])
def test_a_wrong_mark_is_refused(tests: Path, mark: str) -> None:
    (tests / "test_wrong.py").write_text(f"import pytest\nNAME = 'OF-001'\n@pytest.mark.{mark}\ndef test_x(): ...\n")

    with pytest.raises(UnknownRow):
        measure(rows(), marks(tests), {})
