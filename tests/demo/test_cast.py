"""The cast of the demo: big enough, without loose ends, and invented."""

import csv
import gzip
import io
from pathlib import Path

import pytest

from app.demo.cast import BOTH, HOUSES, NORTHGATE
from app.demo.names import address
from app.modules.hse.demo import PLACES, STORIES
from app.modules.hse.models import Kind
from app.modules.procurement.demo import SUPPLIERS, WANTS

SAMPLES = Path("app/modules/procurement/samples")
each_house = pytest.mark.parametrize("house", HOUSES, ids=lambda house: house.slug)


def rows(name):
    with gzip.open(SAMPLES / name) as packed:
        return list(csv.DictReader(io.StringIO(packed.read().decode("cp1252"))))


@each_house
def test_at_least_forty_members_and_five_sites(house):
    assert len(house.posts) + sum(len(unit.jobs) for unit in house.units) >= 40
    assert len(house.sites) >= 5


@each_house
def test_every_department_that_is_named_exists(house):
    units = {unit.name for unit in house.units}
    assert {post.department for post in house.posts} <= units
    assert {unit.parent for unit in house.units if unit.parent} <= units


@each_house
def test_one_department_has_no_manager(house):
    assert any(not unit.managed for unit in house.units)


@each_house
def test_every_role_is_held_by_somebody(house):
    held = {role for post in house.posts for role in (post.role, *post.further)}
    assert held >= {"owner", "admin", "manager", "approver", "member", "auditor", "viewer", "hse_manager", "finance_approver",
                    "payments_clerk"}


@each_house
def test_three_can_decide_above_the_second_limit(house):
    assert sum("finance_approver" in post.further for post in house.posts) >= 3


def test_one_person_belongs_to_two_organisations():
    assert sum(address(post.name, "klein-audit.example") == BOTH for house in HOUSES for post in house.posts) == 2


def test_the_council_has_the_units_of_the_published_file():
    published = {row["Organisational Unit"] for row in rows("leeds-2020-06.csv.gz") if row["Organisational Unit"]}
    assert published <= {unit.name for unit in NORTHGATE.units}


def test_the_samples_are_the_files_as_published():
    assert len(rows("leeds-2020-06.csv.gz")) == 16_177
    assert len(rows("leeds-2011-01.csv.gz")) == 8_837


@each_house
def test_stories_fit_the_matrix_and_cover_near_misses_and_injuries(house):
    stories = STORIES[house.trade]
    assert all(1 <= story.actual <= story.potential <= 5 for story in stories)
    assert {Kind.OBSERVATION, Kind.NEAR_MISS, Kind.FIRST_AID, Kind.LOST_TIME} <= {story.kind for story in stories}
    assert all(story.title.format(place=place) for story in stories for place in PLACES[house.trade])


@each_house
def test_what_is_wanted_names_a_supplier_and_has_lines(house):
    for want in WANTS[house.trade]:
        assert SUPPLIERS[house.trade][want.supplier]
        assert want.items
        assert all(0 < item.lowest < item.highest for item in want.items)


@each_house
def test_addresses_cannot_be_delivered(house):
    assert address("Maeve O'Rourke", house.domain) == f"maeve.orourke@{house.slug}.example"


def test_names_with_marks_make_plain_addresses():
    assert address("Hélène Vernier", "x.example") == "helene.vernier@x.example"
