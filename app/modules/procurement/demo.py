"""Believable purchases for four trades: suppliers, what is asked of them and why. All names are invented."""

# ruff: noqa: E501 -- the sentences of sample texts stay whole

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Item:
    """A line: what, in which unit, between which prices (major units), and how many at most."""

    description: str
    unit: str
    lowest: float
    highest: float
    most: int = 10


@dataclass(frozen=True)
class Want:
    """One kind of requisition: its title, the reason, who usually delivers it, and its lines."""

    title: str
    why: str
    supplier: int
    items: tuple[Item, ...]


SUPPLIERS: dict[str, tuple[str, ...]] = {
    "offshore": ("Atlantic Rigging & Lifting", "Benguela Marine Fuels", "Corvo Safety Equipment", "Delta Valve Services", "Estrela Catering Offshore",
                 "Falcon Helicopter Charter", "Gulf Instrumentation", "Harbour Crane Hire", "Ilhéu Scaffolding", "Kwanza Freight Forwarders",
                 "Lobito Paint & Coatings", "Morro Inspection Bureau", "Northline Drilling Fluids", "Oceanic Waste Handling"),
    "legal": ("Papeterie du Palais", "Lexia Publishing", "Courrier Express Miromesnil", "Archives Générales du Nord", "Traduction Certifiée Rive Gauche",
              "Robe & Rabat", "Bureau Huissiers Associés", "Nettoyage Clair", "Informatique Bellecour", "Mobilier Haussmann", "Visio Audience",
              "Expertise Comptable Delaunay"),
    "agency": ("Luz Studio Hire", "Tejo Camera Rental", "Prisma Print", "Pixel Stock Library", "Azulejo Catering", "Ribeira Voice Artists", "Casting Norte",
               "Saldanha Web Hosting", "Panorama Outdoor Media", "Tortona Set Design", "Metric Analytics Tools", "Canal Media Exchange"),
    "council": ("Ellerby Road Surfacing", "Marlow Highway Signs", "Greenfold Grounds Care", "Beckett Building Supplies", "Sunrise Homecare",
                "Pennine Fleet Services", "Oakleaf Nursery Meals", "Whitby Office Supplies", "Cross Green Skips", "Fairway Playground Safety",
                "Calder Agency Staffing", "Hollins Heating & Plumbing", "Northern Library Books", "Aspen Childcare Placements"),
}

_OFFSHORE = (
    Want("Lifting gear for the spring campaign", "Slings and shackles reach the end of their certificates before the campaign begins.", 0,
         (Item("Wire rope sling 16 mm × 4 m, certified", "piece", 180, 260, 24), Item("Bow shackle 8.5 t", "piece", 65, 95, 40),
          Item("Load test on site", "day", 900, 1400, 3))),
    Want("Marine gas oil for MV Halcyon", "Bunkers for the next fourteen days of supply runs.", 1,
         (Item("Marine gas oil", "m³", 780, 960, 60), Item("Delivery by barge", "trip", 1500, 2600, 1))),
    Want("Fire-retardant coveralls", "Replacement issue for the new starters and worn sets.", 2,
         (Item("Coverall, fire-retardant, orange", "piece", 88, 140, 60), Item("Safety boots S3", "pair", 70, 120, 40))),
    Want("Overhaul of control valves", "Three valves of the test separator pass on the seat.", 3,
         (Item("Overhaul of 6-inch control valve", "piece", 2900, 5200, 3), Item("Seat and trim kit", "set", 900, 1900, 3),
          Item("Technician offshore", "day", 850, 1200, 6))),
    Want("Helicopter seats for crew change", "Additional flight because of the shutdown crew.", 5,
         (Item("Charter, AW139", "hour", 4200, 5600, 6), Item("Landing and handling", "landing", 300, 520, 4))),
    Want("Scaffolding for flare tip access", "Access for the inspection of the flare tip.", 8,
         (Item("Scaffold tower, erected", "m²", 38, 60, 180), Item("Scaffolder", "day", 420, 600, 12))),
    Want("Pressure transmitters", "Spares below the minimum stock.", 6, (Item("Pressure transmitter, 0–250 bar", "piece", 780, 1300, 6),)),
    Want("Galley stores for two weeks", "Provisions for 84 people on board.", 4,
         (Item("Dry stores", "pallet", 1100, 1700, 4), Item("Chilled and frozen goods", "pallet", 1500, 2300, 3))),
)
_LEGAL = (
    Want("Certified translations for pending files", "The prefecture asks for certified translations of civil status documents.", 4,
         (Item("Certified translation, page", "page", 38, 62, 60), Item("Apostille handling", "document", 45, 80, 8))),
    Want("Code and journal subscriptions", "Renewal for the practice groups.", 1,
         (Item("Annotated code, yearly", "copy", 98, 160, 12), Item("Online journal, yearly seat", "seat", 320, 540, 15))),
    Want("Archive boxes and collection", "Closed matters of last year go to the archive centre.", 3,
         (Item("Archive box, acid-free", "box", 4, 7, 200), Item("Collection and shelving", "m", 18, 30, 60))),
    Want("Video hearing equipment", "Remote hearings need a second room.", 10,
         (Item("Camera and speaker set", "set", 1400, 2600, 2), Item("Installation", "hour", 90, 140, 8))),
    Want("Bailiff services", "Service of documents in four matters.", 6, (Item("Service of a document", "document", 70, 130, 24),)),
    Want("Laptops for associates", "Replacement after four years.", 8,
         (Item("Laptop 14-inch, 32 GB", "piece", 1450, 1980, 12), Item("Docking station", "piece", 160, 240, 12))),
    Want("Chairs for the open office", "Workstation assessment recommended new chairs.", 9, (Item("Office chair, adjustable", "piece", 420, 690, 16),)),
    Want("Stationery for the quarter", "Usual stock.", 0, (Item("Paper A4, box", "box", 22, 31, 40), Item("Binding covers", "pack", 12, 19, 20))),
)
_AGENCY = (
    Want("Studio and camera for the product shoot", "Two days for the autumn range of a retail client.", 1,
         (Item("Camera package with lenses", "day", 480, 820, 3), Item("Studio with cyclorama", "day", 650, 1100, 3), Item("Assistant", "day", 190, 260, 4))),
    Want("Outdoor campaign, metro", "Media plan agreed with the client.", 8,
         (Item("Metro panels, two weeks", "panel", 260, 420, 120), Item("Printing and mounting", "panel", 45, 70, 120))),
    Want("Stock images, annual plan", "Current plan ends this month.", 3, (Item("Annual plan, ten seats", "plan", 2400, 3900, 1),)),
    Want("Voice recording in three languages", "Spots for the travel client.", 5,
         (Item("Voice artist, session", "session", 280, 450, 6), Item("Mix and delivery", "spot", 120, 190, 9))),
    Want("Printed leave-behinds", "For the trade fair in Milan.", 2, (Item("Brochure, 16 pages", "piece", 1.1, 2.4, 1500), Item("Folder", "piece", 0.9, 1.6, 1500))),
    Want("Analytics seats", "Four new people in the data team.", 10, (Item("Seat, yearly", "seat", 620, 980, 6),)),
    Want("Set construction", "Kitchen set for the food client.", 9, (Item("Set, built and struck", "set", 3800, 7400, 1), Item("Carpenter", "day", 230, 310, 6))),
    Want("Programmatic media, monthly", "Budget of the growth plan.", 11, (Item("Media spend", "month", 9000, 42000, 1), Item("Fee", "month", 700, 1900, 1))),
)
_COUNCIL = (
    Want("Patching on the A58 corridor", "Winter damage between the two roundabouts.", 0,
         (Item("Asphalt patching", "m²", 34, 58, 320), Item("Traffic management", "day", 620, 980, 6))),
    Want("Replacement road signs", "Signs lost to vehicles and to the storm.", 1, (Item("Sign plate, class 2", "piece", 95, 180, 30), Item("Post 76 mm", "piece", 42, 66, 30))),
    Want("Grounds work before the season", "Sports pitches and two parks.", 2, (Item("Pitch renovation", "pitch", 780, 1350, 8), Item("Grass seed", "bag", 58, 84, 40))),
    Want("Home care hours, bridging", "Cover until the framework contract begins.", 4, (Item("Home care", "hour", 19, 26, 900),)),
    Want("Vehicle parts, refuse fleet", "Brake and hydraulic parts for six vehicles.", 5,
         (Item("Brake set, axle", "set", 380, 640, 12), Item("Hydraulic hose set", "set", 140, 230, 10))),
    Want("Books for the children's section", "Stock refresh agreed with the schools.", 12, (Item("Picture books, mixed", "copy", 6, 11, 400),)),
    Want("Boiler repair at the care home", "Second failure this winter.", 11, (Item("Heat exchanger", "piece", 1900, 3200, 1), Item("Engineer", "hour", 62, 84, 16))),
    Want("Playground inspection and repairs", "Yearly inspection found worn chains and surfacing.", 9,
         (Item("Inspection", "site", 120, 190, 14), Item("Safety surfacing", "m²", 65, 98, 60))),
    Want("Agency social workers", "Three vacancies in the front-door team.", 10, (Item("Social worker, agency", "hour", 34, 46, 480),)),
)
WANTS: dict[str, tuple[Want, ...]] = {"offshore": _OFFSHORE, "legal": _LEGAL, "agency": _AGENCY, "council": _COUNCIL}
