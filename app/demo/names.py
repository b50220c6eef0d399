"""Invented people: given and family names from many places, put together the same way each time."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Iterator

GIVEN = tuple("""Adaeze Aiko Alasdair Amara Amélie Anouk António Asha Beatriz Bogdan Camille Carys Chidi Chloé Clara Dafydd Daniela Declan
Dieter Ebele Edouard Eilidh Elena Emeka Enzo Esther Farah Femi Fergus Fiona Gaspard Gwen Hamza Hannah Ingrid Ioana Isabel Jamal Jasmine
Joana João Jonas Kofi Lars Leila Lorenzo Lucía Maeve Marek Marta Matteo Mei Miriam Nadia Neil Nia Noor Oluwaseun Owen Paloma Petra Priya
Rafael Rania Rhona Ruth Sakura Samir Sandro Saoirse Sven Tariq Thandiwe Tiago Ulrike Valentina Viktor Yara Yusuf Zofia""".split())  # noqa: SIM905 -- names read better in a paragraph
FAMILY = tuple("""Abara Achterberg Adeyemi Albright Almeida Andrade Aziz Bakker Barbieri Bellamy Benali Bergström Blackwood Brennan Calloway
Cardoso Carrick Chandra Chevalier Costa Crawshaw Dankworth Delacroix Dlamini Duarte Eklund Fairclough Farouk Ferreira Fontaine Galbraith
Garnier Greenhalgh Gruber Haddad Hallworth Hargreaves Hashimoto Holloway Ibarra Ilunga Jankowski Kaplan Kavanagh Kimura Kowalska Lachance
Laurent Lindqvist Lombardi Macleod Marchetti Mbeki McAllister Mendes Moreau Nakamura Ndiaye Novak Nwosu O'Rourke Okafor Oyelaran
Pemberton Pereira Petrov Quigley Ramsay Rasmussen Ribeiro Rossi Saldanha Santos Schreiber Sinclair Sokolov Strand Tanaka Thackray
Thistlewood Vasquez Verhoeven Villanueva Wadsworth Weatherall Whitcombe Yamamoto Yilmaz Zielinski""".split())  # noqa: SIM905 -- as above


def people(dice: random.Random, taken: set[str]) -> Iterator[str]:
    """Full names, none twice and none of those taken."""
    while True:
        name = f"{dice.choice(GIVEN)} {dice.choice(FAMILY)}"
        if name not in taken:
            taken.add(name)
            yield name


def address(name: str, domain: str) -> str:
    """`maeve.orourke@northgate.example`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower().replace("'", "")
    return f"{re.sub(r'[^a-z0-9]+', '.', plain).strip('.')}@{domain}"
