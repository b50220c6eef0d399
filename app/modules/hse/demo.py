"""Believable incidents for four trades: what happened, what was done at once, and what follows from it. People in them are invented."""

# ruff: noqa: E501 -- the sentences of sample texts stay whole

from __future__ import annotations

from dataclasses import dataclass

from app.modules.hse.models import Kind


@dataclass(frozen=True)
class Story:
    """One kind of event as people of the trade report it; `{place}` is filled in. `actual` and `potential` are severities of 1 to 5."""

    kind: Kind
    title: str
    account: str
    at_once: str
    actual: int
    potential: int
    steps: tuple[str, ...] = ()
    weight: int = 2


PLACES: dict[str, tuple[str, ...]] = {
    "offshore": ("main deck", "cellar deck", "crane pedestal", "drill floor", "galley", "helideck", "mud pit room", "separator skid V-210",
                 "turbine hall", "pipe rack", "laydown area B", "muster station 2"),
    "legal": ("archive room", "reception", "staircase B", "second-floor kitchen", "large meeting room", "car park", "lift lobby",
              "copy room", "courtyard", "open office"),
    "agency": ("studio", "edit suite", "roof terrace", "set 2", "server cupboard", "kitchen", "prop store", "open space", "entrance hall",
               "loading bay"),
    "council": ("north yard", "boiler room", "reading room", "pool hall", "kitchen", "tipping floor", "vehicle workshop", "ward corridor",
                "public counter", "car park", "salt barn", "plant room"),
}

_OFFSHORE = (
    Story(Kind.OBSERVATION, "Grating clip missing at the {place}", "Found during the morning walk: two clips of the walkway grating were "
          "gone and the panel rocked under load.", "Panel barriered off and re-clipped by the deck crew.", 1, 3, ("Survey all grating clips on the level",), 5),
    Story(Kind.OBSERVATION, "Unsecured hand tool at height, {place}", "A 24 mm spanner was lying on a beam about six metres above the "
          "walkway, without a lanyard.", "Tool recovered; work stopped until the tool register was checked.", 1, 4, ("Tool lanyard check at each shift start",), 4),
    Story(Kind.NEAR_MISS, "Dropped shackle near the {place}", "While the crane landed a tool basket, a 4.5 kg shackle fell from the load "
          "and struck the deck three metres from the banksman.", "Lift stopped, area cleared, load re-rigged under supervision.", 1, 5,
          ("Inspect rigging loft stock and remove unmarked shackles", "Brief both crews on red zones"), 3),
    Story(Kind.NEAR_MISS, "Permit started before gas test at the {place}", "Grinding was about to begin when the area authority saw that "
          "the gas test line of the hot work permit was empty.", "Work stopped, permit withdrawn, test done and permit issued again.", 1, 5,
          ("Add a hold point for the gas test to the permit form",), 2),
    Story(Kind.NEAR_MISS, "Basket transfer swung against the {place}", "A gust turned the personnel basket during transfer; it touched the "
          "handrail with nobody hurt.", "Transfers suspended until the wind dropped below 25 knots.", 1, 4, ("Review wind limits for basket transfers",), 2),
    Story(Kind.FIRST_AID, "Pinched finger at the {place}", "A roustabout pinched a finger between a drum and the pallet while lining up a "
          "load by hand.", "Wound cleaned and dressed by the medic; back to work the same shift.", 2, 3, ("Order push-pull poles for drum handling",), 4),
    Story(Kind.FIRST_AID, "Splash of hydraulic oil at the {place}", "A hose was disconnected with pressure still in the line. Oil reached "
          "the sleeve and cheek of the technician.", "Eyewash used for ten minutes, medic informed, line depressurised.", 2, 4,
          ("Fit bleed valves to the hydraulic test points",), 2),
    Story(Kind.MEDICAL_TREATMENT, "Cut hand needing stitches, {place}", "A knife slipped while opening strapping. The cut in the left palm "
          "needed four stitches.", "Bleeding stopped by the medic; treated on board by the doctor on call.", 3, 3,
          ("Replace open blades with safety knives", "Cut-resistant gloves level D for deck crews"), 1),
    Story(Kind.RESTRICTED_WORK, "Twisted ankle on stairs at the {place}", "The technician missed the last step while carrying a tool bag in "
          "both hands.", "Ankle strapped by the medic; light duties for four days.", 3, 3, ("Paint nosing of the stair flight",), 1),
    Story(Kind.LOST_TIME, "Back injury when moving a valve at the {place}", "Two people moved an 80 kg valve by hand because the trolley was "
          "in use elsewhere. One felt sharp pain and could not continue.", "Casualty taken to the sick bay and flown ashore the next morning.", 4, 4,
          ("Second trolley for the level", "Manual handling refresher", "Weight labels on spare valves"), 1),
    Story(Kind.ENVIRONMENTAL, "Diesel sheen from the {place}", "About four litres of diesel ran over the bund edge during bunkering; a "
          "light sheen was seen for some minutes.", "Bunkering stopped, scuppers plugged, authority notified.", 2, 4,
          ("Automatic stop on the bunker station high level", "Check scupper plugs before bunkering"), 2),
    Story(Kind.PROPERTY, "Container door bent during lift at the {place}", "A half-height container was lifted with one door pin not "
          "engaged; the door caught the bulwark.", "Container quarantined for inspection.", 2, 4, ("Pre-lift checklist on the container doors",), 2),
)
_LEGAL = (
    Story(Kind.OBSERVATION, "Trailing cable across the {place}", "An extension lead for a projector crossed the walkway without a cover.",
          "Cable rerouted along the wall.", 1, 2, ("Buy cable covers for the meeting rooms",), 5),
    Story(Kind.OBSERVATION, "Fire door wedged open at the {place}", "The self-closing door was held open with a box of files for most of "
          "the afternoon.", "Box removed, team reminded.", 1, 4, ("Hold-open magnets linked to the alarm",), 4),
    Story(Kind.NEAR_MISS, "Shelf gave way in the {place}", "A shelf bracket came loose and two rows of archived files fell where a clerk "
          "had stood a minute before.", "Bay emptied and closed.", 1, 3, ("Load test of the archive shelving", "Weight limit signs on each bay"), 3),
    Story(Kind.NEAR_MISS, "Visitor followed staff through the {place}", "An agitated party of a case walked in behind a colleague and "
          "reached the associates' floor before he was stopped.", "Accompanied out by the practice director; police not needed.", 1, 4,
          ("Reception protocol for distressed visitors",), 2),
    Story(Kind.FIRST_AID, "Scald from kettle in the {place}", "The lid came off while pouring; hot water reached the back of the hand.",
          "Cooled under running water for fifteen minutes.", 2, 2, ("Replace the old kettles by a tap",), 3),
    Story(Kind.FIRST_AID, "Paper cutter injury in the {place}", "A finger was cut when the guard of the guillotine was lifted to free a jam.",
          "Wound cleaned and dressed.", 2, 3, ("Take the guillotine out of service",), 2),
    Story(Kind.MEDICAL_TREATMENT, "Fall on wet floor in the {place}", "The floor had been mopped without a sign. The trainee fell on the "
          "wrist and needed an X-ray; no fracture.", "Cold pack, taxi to the clinic.", 3, 3, ("Wet floor signs for the cleaning contractor",), 1),
    Story(Kind.LOST_TIME, "Stress-related absence after hearing week, {place}", "A paralegal covered three hearings and two filings in four "
          "days and was signed off for a week.", "Work redistributed within the team.", 3, 4,
          ("Cover plan for hearing weeks", "Limit of consecutive late finishes"), 1),
    Story(Kind.PROPERTY, "Leak above the {place}", "Water from the tenant above came through the ceiling; eleven boxes of closed files got wet.",
          "Boxes moved, files dried page by page, insurer informed.", 3, 3, ("Move closed matters to the archive centre", "Leak sensor"), 2),
    Story(Kind.ENVIRONMENTAL, "Toner powder spilled in the {place}", "A used cartridge broke while being carried to the bin.",
          "Area vacuumed with a filter cleaner.", 1, 2, ("Return box for cartridges beside the printer",), 1),
)
_AGENCY = (
    Story(Kind.OBSERVATION, "Light stand without sandbag on {place}", "A C-stand with a 2 kW head stood without weight beside the walkway.",
          "Sandbags placed before the shoot went on.", 1, 3, ("Sandbag check on the call sheet",), 5),
    Story(Kind.OBSERVATION, "Emergency exit blocked at the {place}", "Flight cases for the next day's shoot stood in front of the exit.",
          "Cases moved to the loading bay.", 1, 4, ("Mark a keep-clear zone on the floor",), 4),
    Story(Kind.NEAR_MISS, "Backdrop rail slipped in the {place}", "The paper roll came off one bracket and swung down beside the model.",
          "Set cleared; bracket replaced.", 1, 4, ("Safety chains on backdrop rails",), 3),
    Story(Kind.NEAR_MISS, "Drone landed hard near crew, {place}", "The drone lost signal and came down two metres from the client's team.",
          "Flights stopped for the day.", 1, 4, ("Exclusion zone for drone take-offs", "Pilot refresher"), 2),
    Story(Kind.FIRST_AID, "Burn from a hot lamp, {place}", "An assistant touched the housing while changing a gel.",
          "Cooled and covered.", 2, 2, ("Heat gloves in each lighting kit",), 3),
    Story(Kind.FIRST_AID, "Bumped head under the mezzanine, {place}", "Low beam without padding.", "Cold pack.", 2, 2, ("Pad the beam",), 3),
    Story(Kind.MEDICAL_TREATMENT, "Cut from broken prop glass, {place}", "A glass shattered during a product shot; the cut needed two stitches.",
          "Bleeding stopped, taken to urgent care.", 3, 3, ("Sugar glass for breakage shots",), 1),
    Story(Kind.RESTRICTED_WORK, "Repetitive strain reported by {place} team", "Pain in the wrist after three weeks of versioning.",
          "Rest and a vertical mouse; other tasks for ten days.", 2, 3, ("Workstation assessments for the design team",), 1),
    Story(Kind.LOST_TIME, "Fall from a ladder at the {place}", "A ladder was used on uneven cobbles to hang a banner.",
          "Ambulance called; sprained shoulder, six days off.", 4, 4, ("Hire a platform for work above two metres", "Ladder register"), 1),
    Story(Kind.PROPERTY, "Camera dropped during set change, {place}", "The quick-release plate had not locked.",
          "Body sent for repair; spare used.", 2, 2, ("Two-person check of rigged cameras",), 2),
)
_COUNCIL = (
    Story(Kind.OBSERVATION, "Pothole on the pedestrian route, {place}", "Reported by staff walking from the gate; about 6 cm deep.",
          "Cone placed, repair ordered.", 1, 3, ("Resurface the walkway",), 5),
    Story(Kind.OBSERVATION, "Reversing without banksman in the {place}", "A refuse vehicle reversed across the yard during shift change.",
          "Driver spoken to by the supervisor.", 1, 5, ("One-way system for the yard", "Reversing cameras check"), 4),
    Story(Kind.NEAR_MISS, "Verbal threats at the {place}", "A resident who had been refused threatened two members of staff and threw a leaflet stand.",
          "Counter closed for fifteen minutes; security called.", 1, 4, ("Panic button test", "Debrief with the team"), 3),
    Story(Kind.NEAR_MISS, "Gas cylinder in mixed waste, {place}", "A camping cylinder was seen on the belt before it reached the shredder.",
          "Line stopped, cylinder set aside.", 1, 5, ("Leaflet on cylinders for households", "Thermal camera quotation"), 2),
    Story(Kind.NEAR_MISS, "Chlorine dosing alarm in the {place}", "The dosing pump kept running with the circulation off; the alarm stopped it.",
          "Hall cleared for an hour; air tested.", 1, 5, ("Interlock between circulation and dosing",), 2),
    Story(Kind.FIRST_AID, "Needle-stick while emptying a bin, {place}", "The needle went through the glove.",
          "Bleeding encouraged, washed; occupational health the same day.", 2, 4, ("Needle-resistant gloves for litter teams", "Sharps boxes"), 3),
    Story(Kind.FIRST_AID, "Slip on the poolside, {place}", "A lifeguard slipped while putting the lane ropes away.", "Cold pack.", 2, 3,
          ("Re-texture the poolside tiles",), 3),
    Story(Kind.MEDICAL_TREATMENT, "Bite during care, {place}", "A resident with dementia bit the carer's forearm.",
          "Wound cleaned; antibiotics from the GP.", 3, 3, ("Review of the resident's care plan",), 1),
    Story(Kind.RESTRICTED_WORK, "Shoulder strain lifting a kerb, {place}", "A 67 kg kerb was set by two people without the lifter.",
          "Light duties for five days.", 3, 3, ("Kerb lifter for each gang",), 1),
    Story(Kind.LOST_TIME, "Refuse loader hit by a car at the {place}", "A car overtook the vehicle on the pavement side.",
          "Ambulance; broken wrist, five weeks off. Police report made.", 4, 5, ("Side cameras on the fleet", "Route review", "Letter to residents"), 1),
    Story(Kind.ENVIRONMENTAL, "Oil from a vehicle into the drain, {place}", "A hydraulic hose burst on a sweeper; some litres reached a gully.",
          "Drain mats laid; water company informed.", 2, 4, ("Spill kits on the sweepers",), 2),
    Story(Kind.PROPERTY, "Van struck the height barrier, {place}", "The roof rack had not been lowered.", "Barrier replaced.", 2, 2,
          ("Height sticker in each cab",), 2),
)
STORIES: dict[str, tuple[Story, ...]] = {"offshore": _OFFSHORE, "legal": _LEGAL, "agency": _AGENCY, "council": _COUNCIL}
OUTCOMES = ("Causes were agreed with the team; the measures are in place and were checked on site.",
            "No repeat in the weeks since; the measure is part of the routine now.",
            "Reviewed in the monthly meeting; nothing further to do.",
            "Contractor and own staff briefed; photos of the finished work are on file.")
RESULTS = ("Done and checked on site.", "Done; the supplier confirmed in writing.", "In the routine since last week.", "Done with the night shift too.")
