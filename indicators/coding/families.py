"""What the families of indicators are like: who acts in them, what counts in them, which says more than another."""

from __future__ import annotations

from collections.abc import Mapping

# Words of leaders and ministries belong to a problem wherever they are spoken; troops belong where they stand.
SPOKEN = frozenset(
    [
        "leader_meeting",
        "defence_diplomacy",
        "accusation",
        "threat",
        "denial",
        "legal",
        "embassy",
        "insufficiency",
        "concern",
        "diplomatic_rupture",
        "ceasefire",
        "military_aid",
    ]
)
# What is done by saying it: whoever does it is the origin of the report.
SAYINGS = frozenset(["accusation", "threat", "denial", "ceasefire", "concern", "insufficiency", "embassy"])
# What only armies do: it matters whose.
FORCES = frozenset(
    [
        "equipment_move",
        "troop_move",
        "force_size",
        "grouping",
        "command",
        "logistics",
        "medical",
        "bridging",
        "drill",
        "inspection",
        "aviation",
        "missiles",
        "withdrawal",
        "drill_end",
        "rotation",
        "mobilisation",
    ]
)
# What troops build or set up: those who do it have not arrived by doing it.
BUILT = frozenset({"medical", "bridging", "command"})
LEAVING = frozenset({"withdrawal", "rotation"})
JUDGEMENTS = frozenset({"insufficiency", "concern"})
_ARMOUR = (
    "tank",
    "armoured_vehicle",
    "gun",
    "missile_system",
    "vehicle",
    "train",
    "wagon",
    "convoy",
    "aircraft",
    "helicopter",
    "bridge",
    "tonne",
)
_PEOPLE = (
    "troops",
    "battalion",
    "brigade",
    "regiment",
    "division",
    "company",
    "train",
    "wagon",
    "convoy",
    "vehicle",
    "aircraft",
)
UNITS: Mapping[str, tuple[str, ...]] = {
    "equipment_move": _ARMOUR,
    "troop_move": _PEOPLE,
    "force_size": _PEOPLE,
    "missiles": ("missile_system", "missile", "battalion", "brigade", "division", "train", "aircraft", "vehicle"),
    "aviation": ("helicopter", "aircraft", "sortie", "drone"),
    "mobilisation": ("troops",),
    "medical": ("hospital", "vehicle", "troops", "tonne"),
    "bridging": ("bridge", "vehicle", "battalion", "company", "troops"),
    "drill": ("troops", "tank", "armoured_vehicle", "vehicle", "aircraft", "helicopter", "battalion", "brigade"),
    "recon": ("drone", "helicopter", "aircraft", "troops"),
    "withdrawal": _PEOPLE + _ARMOUR,
    "rotation": _PEOPLE + _ARMOUR,
    "grouping": _PEOPLE,
    "insufficiency": _PEOPLE,
    "logistics": ("vehicle", "train", "wagon", "tonne", "convoy"),
}
# The end of a drill is no drill, and troops going home are no arrival: of the same words, the more telling stands.
SUPERSEDES: Mapping[str, frozenset[str]] = {
    "drill_end": frozenset({"drill", "inspection"}),
    "rotation": frozenset({"troop_move", "equipment_move", "withdrawal"}),
    "withdrawal": frozenset({"troop_move", "equipment_move", "aviation", "drill"}),
    "grouping": frozenset({"troop_move"}),
    "medical": frozenset({"troop_move"}),
    "bridging": frozenset({"troop_move"}),
    "command": frozenset({"troop_move"}),
    "logistics": frozenset({"troop_move"}),
    "missiles": frozenset({"troop_move"}),
    "accusation": frozenset({"threat", "recon"}),
    "threat": frozenset({"recon"}),
    "attack": frozenset({"troop_move", "equipment_move"}),
    "airspace": frozenset({"border"}),
    "inspection": frozenset({"drill"}),
    "concern": frozenset({"threat"}),
    "insufficiency": frozenset({"threat"}),
}
