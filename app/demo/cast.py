"""The four organisations of the demo: who they are, where they work, and who is in charge. All of them are invented."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Post:
    """A named person with a part to play. `further` are roles besides the main one."""

    name: str
    job: str
    role: str
    department: str
    further: tuple[str, ...] = ()
    language: str = "en"
    shown: bool = True


@dataclass(frozen=True)
class Unit:
    """A department: what it is part of, and the staff that it has beside the named people."""

    name: str
    parent: str = ""
    jobs: tuple[str, ...] = ()
    managed: bool = True


@dataclass(frozen=True)
class House:
    """One organisation. `trade` chooses the texts of its records."""

    slug: str
    name: str
    trade: str
    currency: str
    timezone: str
    sites: tuple[tuple[str, str, str], ...]
    units: tuple[Unit, ...]
    posts: tuple[Post, ...]
    cost_centre: str

    @property
    def domain(self) -> str:
        """Where its people get mail; nothing under `.example` is ever delivered."""
        return f"{self.slug}.example"


MERIDIAN = House(
    "meridian", "Meridian Offshore", "offshore", "USD", "Africa/Luanda", cost_centre="OPS",
    sites=(("Rowan Alpha", "platform", "Block 14, 62 km offshore"), ("Rowan Bravo", "platform", "Block 14, 71 km offshore"),
           ("Kestrel", "rig", "Block 17"), ("Cabinda Supply Base", "base", "Cabinda"), ("MV Halcyon", "vessel", "Cabinda roads"),
           ("Luanda Office", "office", "Avenida 4 de Fevereiro, Luanda")),
    units=(Unit("Operations", jobs=("Production technician", "Control room operator", "Deck foreman", "Crane operator", "Roustabout",
                                    "Production technician", "Radio operator", "Deck operator")),
           Unit("Drilling", "Operations", ("Toolpusher", "Driller", "Assistant driller", "Derrickman", "Mud engineer", "Roughneck")),
           Unit("Maintenance", "Operations", ("Mechanical technician", "Electrician", "Instrument technician", "Rope access technician",
                                              "Scaffolder", "Planner")),
           Unit("Health, safety and environment", jobs=("Safety adviser", "Medic", "Environmental adviser")),
           Unit("Logistics", jobs=("Materials coordinator", "Helicopter coordinator", "Storekeeper", "Marine coordinator")),
           Unit("Finance", jobs=("Accounts payable officer", "Cost controller", "Treasury analyst")),
           Unit("Projects", "Operations", ("Project engineer", "Document controller"), managed=False)),
    posts=(Post("Mara Keller", "Managing director", "owner", "Operations"),
           Post("Tomás Figueira", "IT and systems lead", "admin", "Finance"),
           Post("Ines Cardona", "Offshore installation manager", "manager", "Operations"),
           Post("Stellan Ruud", "Drilling superintendent", "manager", "Drilling", shown=False),
           Post("Kwame Asante", "Maintenance superintendent", "manager", "Maintenance", shown=False),
           Post("Aurelie Besson", "HSE manager", "manager", "Health, safety and environment", ("hse_manager",)),
           Post("Domingos Neto", "Logistics manager", "manager", "Logistics", ("buyer",), shown=False),
           Post("Ruth Osei", "Finance director", "approver", "Finance", ("finance_approver",)),
           Post("Bram Visser", "Treasurer", "approver", "Finance", ("finance_approver",), shown=False),
           Post("Lucie Armand", "Financial controller", "approver", "Finance", ("finance_approver", "payments_clerk"), shown=False),
           Post("Joel Banda", "Production technician", "member", "Operations"),
           Post("Silke Brandt", "Internal auditor", "auditor", "Finance"),
           Post("Pedro Vaz", "Partner company observer", "viewer", "Projects")))

VERNIER = House(
    "vernier", "Vernier & Associates", "legal", "EUR", "Europe/Paris", cost_centre="CAB",
    sites=(("Paris Office", "office", "12 rue de Miromesnil, Paris"), ("Lyon Office", "office", "4 place Bellecour, Lyon"),
           ("Marseille Office", "office", "28 quai du Port, Marseille"), ("Brussels Office", "office", "Avenue Louise 91, Brussels"),
           ("Archive Centre", "base", "Gennevilliers")),
    units=(Unit("Immigration", jobs=("Associate", "Associate", "Paralegal", "Paralegal", "Case clerk")),
           Unit("Employment", jobs=("Associate", "Associate", "Paralegal", "Case clerk")),
           Unit("Litigation", jobs=("Senior associate", "Associate", "Associate", "Paralegal", "Clerk of procedure")),
           Unit("Corporate", jobs=("Senior associate", "Associate", "Associate", "Paralegal")),
           Unit("Practice support", jobs=("Receptionist", "Archivist", "Facilities coordinator", "Legal secretary", "Legal secretary",
                                          "Knowledge lawyer", "IT technician")),
           Unit("Accounts", "Practice support", ("Billing officer", "Bookkeeper")),
           Unit("Library", "Practice support", ("Librarian", "Trainee"), managed=False)),
    posts=(Post("Hélène Vernier", "Managing partner", "owner", "Litigation", language="fr"),
           Post("Karim Saïdi", "Systems administrator", "admin", "Practice support", language="fr"),
           Post("Claire Montagne", "Partner, immigration", "manager", "Immigration"),
           Post("Étienne Roche", "Partner, employment", "manager", "Employment", shown=False),
           Post("Sofia Lindgren", "Partner, litigation", "manager", "Litigation", shown=False),
           Post("Guillaume Astier", "Partner, corporate", "manager", "Corporate", shown=False),
           Post("Monique Ferrand", "Practice director", "manager", "Practice support", ("hse_manager", "buyer")),
           Post("Paul Delorme", "Head of accounts", "approver", "Accounts", ("finance_approver", "payments_clerk")),
           Post("Agnès Colin", "Partner, finance committee", "approver", "Corporate", ("finance_approver",), shown=False),
           Post("Julien Marchand", "Partner, finance committee", "approver", "Litigation", ("finance_approver",), shown=False),
           Post("Inès Haddadi", "Associate", "member", "Immigration", language="fr"),
           Post("Bernard Klein", "External auditor", "auditor", "Accounts", language="de"),
           Post("Rosa Marin", "Trainee", "viewer", "Library", language="es")))

BRIGHTWATER = House(
    "brightwater", "Brightwater Growth", "agency", "EUR", "Europe/Lisbon", cost_centre="AGY",
    sites=(("Lisbon Studio", "office", "Rua da Boavista 84, Lisbon"), ("Porto Studio", "office", "Rua de Cedofeita 210, Porto"),
           ("Milan Studio", "office", "Via Tortona 31, Milan"), ("Shoot Warehouse", "base", "Sacavém"),
           ("Madrid Desk", "office", "Calle de Velázquez 15, Madrid")),
    units=(Unit("Client services", jobs=("Account manager", "Account manager", "Account executive", "Account executive",
                                         "Project manager")),
           Unit("Paid media", "Client services", ("Media buyer", "Media buyer", "Campaign analyst", "Search specialist")),
           Unit("Content and SEO", jobs=("Content strategist", "Copywriter", "SEO specialist", "SEO specialist", "Editor")),
           Unit("Creative", jobs=("Art director", "Designer", "Designer", "Motion designer", "Photographer", "Video producer")),
           Unit("Data and engineering", jobs=("Data analyst", "Analytics engineer", "Web developer", "Web developer", "Data engineer")),
           Unit("Operations", jobs=("Office manager", "People partner", "Studio assistant")),
           Unit("Ventures", jobs=("Growth lead", "Researcher"), managed=False)),
    posts=(Post("Leonor Queiroz", "Founder", "owner", "Operations", language="pt"),
           Post("Dario Conti", "Head of engineering", "admin", "Data and engineering", language="it"),
           Post("Marisol Vega", "Client services director", "manager", "Client services"),
           Post("Hugo Teixeira", "Head of paid media", "manager", "Paid media", shown=False),
           Post("Freya Lund", "Head of content", "manager", "Content and SEO", shown=False),
           Post("Anselm Roth", "Creative director", "manager", "Creative", shown=False),
           Post("Teresa Pinho", "Head of operations", "manager", "Operations", ("hse_manager", "buyer")),
           Post("Nuno Barros", "Finance lead", "approver", "Operations", ("finance_approver", "payments_clerk")),
           Post("Giulia Serra", "Partner", "approver", "Creative", ("finance_approver",), shown=False),
           Post("Oscar Wren", "Partner", "approver", "Client services", ("finance_approver",), shown=False),
           Post("Katya Orlova", "Media buyer", "member", "Paid media"),
           Post("Bernard Klein", "External auditor", "auditor", "Operations", language="de"),
           Post("Simon Achard", "Client observer", "viewer", "Client services", language="fr")))

NORTHGATE = House(
    "northgate", "Northgate Council", "council", "GBP", "Europe/London", cost_centre="NGC",
    sites=(("Civic Hall", "office", "Northgate Square"), ("Ellerby Depot", "base", "Ellerby Lane"),
           ("Central Library", "office", "Corn Street"), ("Harehill Leisure Centre", "office", "Harehill Road"),
           ("Beckside Care Home", "office", "Beckside"), ("Waste Transfer Station", "base", "Cross Green")),
    units=(Unit("Finance Office", jobs=("Accountant", "Accountant", "Purchase ledger officer", "Purchase ledger officer",
                                        "Audit assistant")),
           Unit("Resources and Housing", jobs=("Housing officer", "Building surveyor", "Fleet coordinator", "Legal officer", "HR adviser")),
           Unit("Strategic Landlord", "Resources and Housing", ("Asset manager", "Repairs planner")),
           Unit("Insurance", "Resources and Housing", ("Claims handler",), managed=False),
           Unit("Strategic Accounts", "Resources and Housing", ("Capital accountant",)),
           Unit("Children and Families", jobs=("Social worker", "Social worker", "Early years adviser", "Commissioning officer")),
           Unit("Adults and Health", jobs=("Care manager", "Occupational therapist", "Commissioning officer", "Social worker")),
           Unit("Social Services Pooled Budgets", "Adults and Health", ("Pooled budget officer",), managed=False),
           Unit("Communities and Environment", jobs=("Waste operations manager", "Parks supervisor", "Librarian", "Refuse driver")),
           Unit("City Development", jobs=("Highways engineer", "Planning officer", "Site inspector", "Transport planner")),
           Unit("Joint Committees and Other Bodies", jobs=(), managed=False)),
    posts=(Post("Helen Marsh", "Chief executive", "owner", "Finance Office"),
           Post("Imran Siddiqui", "Systems manager", "admin", "Finance Office"),
           Post("Angela Frost", "Director of resources and housing", "manager", "Resources and Housing"),
           Post("Grace Nyambura", "Head of strategic landlord", "manager", "Strategic Landlord", shown=False),
           Post("Colin Braithwaite", "Head of strategic accounts", "manager", "Strategic Accounts", shown=False),
           Post("Marcus Oyelade", "Director of children and families", "manager", "Children and Families"),
           Post("Shirley Attwood", "Director of adults and health", "manager", "Adults and Health", shown=False),
           Post("Rhys Pritchard", "Director of communities and environment", "manager", "Communities and Environment", shown=False),
           Post("Yasmin Qureshi", "Director of city development", "manager", "City Development", shown=False),
           Post("David Thornton", "Head of finance", "manager", "Finance Office", shown=False),
           Post("Beverley Hall", "Corporate health and safety manager", "manager", "Resources and Housing", ("hse_manager",)),
           Post("Patrick Mullen", "Finance approver", "approver", "Finance Office", ("finance_approver",)),
           Post("Sunita Rao", "Finance approver", "approver", "Finance Office", ("finance_approver",)),
           Post("George Whitaker", "Finance approver", "approver", "Finance Office", ("finance_approver",), shown=False),
           Post("Tessa Lowe", "Purchase ledger team leader", "member", "Finance Office", ("payments_clerk", "buyer")),
           Post("Nathan Pryce", "Housing officer", "member", "Resources and Housing"),
           Post("Oonagh Kelly", "Internal auditor", "auditor", "Finance Office"),
           Post("Lewis Grant", "Councillor", "viewer", "Joint Committees and Other Bodies")))

HOUSES: tuple[House, ...] = (MERIDIAN, VERNIER, BRIGHTWATER, NORTHGATE)
BOTH = "bernard.klein@klein-audit.example"
