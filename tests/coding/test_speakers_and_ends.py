"""Who speaks is not whom it is about; what is not there, what ends, and what goes nowhere."""

from __future__ import annotations

from datetime import date

import pytest
from builders_for_coding import belarus, coded, counted

from feeds.model import Feed
from indicators.coding import explain
from indicators.model.signal import Assertion, Direction

MINISTRY = Feed(feed_id="mod", name="Ministry", url="https://example.org", speaks_for="BLR_MOD")

# Sentences in which the negation stands behind what there is none of.
NONE_OF_IT = [
    "Речник сказав, що навчання тривають, проте ударного угруповання біля кордону з Білоруссю немає.",
    "Загрози вторгнення з Білорусі зараз немає, сказав Демченко.",
    "Ударне угруповання на території Білорусі не створено.",
    "Ударной группировки у границы Беларуси нет.",
    "Наступательной группировки в Беларуси не замечено, сообщили пограничники.",
    "Ударнай групоўкі каля мяжы Беларусі няма.",
    "Ударнай групоўкі ў Беларусі не назіраецца.",
]


@pytest.mark.parametrize("sentence", NONE_OF_IT, ids=[row[:30] for row in NONE_OF_IT])
def test_a_negation_behind_the_thing_negates_it(sentence: str) -> None:
    """Slavic sentences say last that there is none of it."""
    found = [one for one in coded(sentence) if one.family in ("grouping", "threat")]
    assert {one.assertion for one in found} == {Assertion.NEGATED}


# sentence, actor credited.
FOREIGN_VOICES = [
    ("Держприкордонслужба зафіксувала пересування військової техніки у Брестській області", "UKR_DPSU"),
    ("Генштаб ВСУ: российские танки прибыли под Мозырь", "UKR_GS"),
    ("ГУР: Росія перекинула танки до Гомеля", "UKR_HUR"),
    ("Pentagon says Russian tanks are moving to the Brest region", "PENTAGON"),
    ("Kyiv warns that Russian tanks are moving to Gomel.", "UKR"),
    ("Russian tanks are moving to Gomel, says Ukraine", "UKR"),
]


@pytest.mark.parametrize(("sentence", "actor"), FOREIGN_VOICES, ids=[row[0][:30] for row in FOREIGN_VOICES])
def test_who_tells_of_it_decides_neither_area_nor_forces(sentence: str, actor: str) -> None:
    """Foreign services and capitals that tell of moves inside the area are credited, and the move counts."""
    move = counted(coded(sentence))["equipment_move"]
    assert move.attribution is not None
    assert move.attribution.actor == actor
    assert "kyiv" not in [mention.place.id for mention in move.places]


def test_warning_of_what_will_be_is_no_report() -> None:
    """A warning of a thing, or that it will be, supposes it."""
    for text in (
        "Kyiv warns of a Russian offensive from Belarus",
        "Kyiv warns that Russia will move tanks to Gomel",
        "Киев предупредил, что Россия перебросит танки в Гомель",
    ):
        assert "equipment_move" not in counted(coded(text))


def test_a_bare_ministry_is_the_feeds_own_or_the_only_country_named() -> None:
    """The ministry without a country is the feed's, or that of the one country named, or nobody's."""
    text = "Министерство обороны: начата внезапная проверка боевой готовности."
    own = counted(coded(text, feed=MINISTRY))["inspection"]
    assert own.attribution is not None
    assert own.attribution.actor == "BLR_MOD"
    named = counted(coded(text, title="В Беларуси проверяют войска"))["inspection"]
    assert named.attribution is not None
    assert named.attribution.actor == "BLR_MOD"
    (alone,) = [one for one in coded(text) if one.family == "inspection"]
    assert not alone.counted
    assert alone.attribution is None or alone.attribution.actor is None


@pytest.mark.parametrize(
    ("sentence", "place", "direction"),
    [
        ("Колона рухається до білорусько-українського кордону, у ній 20 танків.", "blr_ukr", Direction.TOWARD),
        ("Танкі перакідваюць да беларуска-украінскай мяжы.", "blr_ukr", Direction.TOWARD),
        ("На гомельский полигон прибыли танки.", "gomel", Direction.TOWARD),
        ("Танки прибыли на брестский полигон.", "brestsky_range", Direction.TOWARD),
        ("Танки замечены за 6 км от границы в Брестской области.", "brest_region", Direction.NONE),
        ("Tanks were spotted 6 km from the border in the Brest region.", "brest_region", Direction.NONE),
    ],
)
def test_places_in_small_letters_and_distances(sentence: str, place: str, direction: Direction) -> None:
    """Borders and adjectives of places are found in small letters; a distance is no way."""
    move = counted(coded(sentence))["equipment_move"]
    assert place in [mention.place.id for mention in move.places]
    assert move.direction is direction


@pytest.mark.parametrize(
    "sentence",
    [
        "Joint drills in Belarus will last until 1 January.",
        "Совместные учения в Беларуси продлятся до 1 января.",
        "Спільні навчання у Білорусі триватимуть до 1 січня.",
        "Сумесныя вучэнні ў Беларусі працягнуцца да 1 студзеня.",
    ],
)
def test_an_end_date_recalls_nothing(sentence: str) -> None:
    """Drills until the first of January, told in December, are of December."""
    drill = counted(coded(sentence))["drill"]
    assert drill.occurred_on == (date(2022, 12, 20), date(2022, 12, 20))


@pytest.mark.parametrize(
    "sentence",
    [
        "Карусель: эшелон с танками пришёл под Брест и возвращается обратно. Технику возят к границе и назад.",
        "Tanks shuttle to the Ukrainian border and back, Belarus monitors say",
        "Карусель: цягнікі з тэхнікай ездзяць да мяжы і назад у Беларусі",
    ],
)
def test_there_and_back_is_no_direction(sentence: str) -> None:
    """A carousel goes neither toward nor away."""
    assert counted(coded(sentence))["equipment_move"].direction is Direction.NONE


def test_each_clause_of_a_roundup_keeps_its_own_place() -> None:
    """A day's list in one sentence: sorties of every day are kept uncounted, the rest each in its own place."""
    signals = coded(
        "Итоги дня: два вылета МиГ-31К, колонна из шести топливозаправщиков в сторону Лунинца, один Ил-76 в Мачулищах."
    )
    found = counted(signals)
    assert set(found) == {"aviation", "logistics"}
    assert [mention.place.id for mention in found["aviation"].places] == ["machulishchy"]
    assert [mention.place.id for mention in found["logistics"].places] == ["luninets"]
    assert found["logistics"].direction is Direction.TOWARD
    assert [one.quantity.unit for one in signals if one.quantity and not one.counted] == ["sortie"]


def test_two_happenings_of_a_sentence_keep_their_places_and_numbers() -> None:
    """The tanks are at one place and the two aircraft at the other."""
    found = counted(coded("Tanks arrived in Luninets and two Il-76 landed at Machulishchy."))
    assert [one.place.id for one in found["equipment_move"].places] == ["luninets"]
    assert found["equipment_move"].quantity is None
    assert [one.place.id for one in found["aviation"].places] == ["machulishchy"]


def test_the_daily_take_off_is_kept_and_not_counted() -> None:
    """A MiG-31K that takes off moves nothing; one that arrives does."""
    (sortie,) = coded("С аэродрома в Мачулищах взлетел МиГ-31К.")
    assert not sortie.counted
    assert "every day" in sortie.why
    assert "aviation" in counted(coded("На аэродром Мачулищи прилетели три МиГ-31К."))


@pytest.mark.parametrize(
    ("sentence", "families"),
    [
        ("Russia sets up a field hospital near Gomel", {"medical"}),
        ("Russian tanks went to the Brest region", {"equipment_move"}),
        ("Wagner fighters arrived in Belarus", {"troop_move"}),
        ("The General Staff of Belarus visited the Gomel region", set()),
        ("На станции в Брестской области выгрузили танки", {"equipment_move"}),
        ("Местные жители видели колонну военной техники под Мозырем", {"equipment_move"}),
        ("Учение для детей начали в Беларуси", set()),
        ("На аэрадроме Зябраўка заўважылі верталёты", {"aviation"}),
    ],
)
def test_everyday_wording(sentence: str, families: set[str]) -> None:
    """Each sentence counts for what it reports."""
    assert set(counted(coded(sentence))) == families


def test_an_explanation_prints_as_lines() -> None:
    """What a terminal shows is one line a find and one for its reason."""
    from builders_for_coding import an_item

    lines = str(explain(an_item("Tanks moved to Gomel."), belarus())).splitlines()
    assert lines[0] == "equipment_moves (en/equipment_move:1) counted: tanks moved"
    assert lines[1].startswith("    ")


def test_a_feed_kept_in_the_area_speaks_from_it() -> None:
    """What an outlet of the area's own time zone says without a place is of the area, unless it names another land."""
    outlet = Feed(feed_id="o", name="Outlet", url="https://example.org", timezone="Europe/Minsk")
    text = "Мужчинам приходят повестки в военкомат."
    assert "mobilisation" in counted(coded(text, feed=outlet))
    assert not counted(coded(text))
    # Belarusian is written about Belarus.
    assert "mobilisation" in counted(coded("Мужчынам прыходзяць позвы ў ваенкамат."))
    assert not counted(coded("У Расіі мужчынам прыходзяць позвы ў ваенкамат.", feed=outlet))


def test_a_short_text_that_names_only_the_area_is_about_it() -> None:
    """A place further down tells where the heading's inspection is; a place elsewhere does not."""
    heading = "Началась внезапная проверка боевой готовности"
    assert "inspection" in counted(coded("Подразделения наведут переправы через Березину.", title=heading))
    assert "inspection" not in counted(coded("Подразделения выйдут к Воронежу.", title=heading))


def test_a_cause_elsewhere_moves_no_drill() -> None:
    """The drills are in Belarus though the reason given lies elsewhere."""
    assert "drill" in counted(coded("The joint exercises in Belarus were extended because of the situation in Donbas."))


def test_a_heading_speaks_with_the_voice_of_the_text_under_it() -> None:
    """Who is credited in the first sentence is credited for the heading."""
    move = counted(coded("Belarusian Hajun said the train had left Polonka.", title="Tanks move toward Brest"))[
        "equipment_move"
    ]
    assert move.attribution is not None
    assert move.attribution.actor == "HAJUN"


def test_a_name_behind_the_last_dash_is_the_voice() -> None:
    """A post ends with who says it."""
    move = counted(coded("Танки прибыли под Мозырь и Гомель — Гаюн."))["equipment_move"]
    assert move.attribution is not None
    assert move.attribution.actor == "HAJUN"


def test_a_river_beside_a_town_elsewhere_is_elsewhere() -> None:
    """The Dnieper flows on: at Kherson it is none of the area's."""
    assert not counted(coded("Russian forces laid a pontoon crossing over the Dnieper near Kherson."))
    assert "bridging" in counted(coded("Russian forces laid a pontoon crossing over the Dnieper in Belarus."))


def test_cancelling_trains_is_the_deed_itself() -> None:
    """A cancelled train is a traffic limit, a cancelled drill is no drill."""
    assert "traffic" in counted(coded("Belarusian Railways cancels passenger trains to Yelsk."))
    assert "drill" not in counted(coded("Belarus cancels joint military drills."))


def test_a_force_is_sized_by_a_number_behind_its_verb() -> None:
    """The number need not stand beside its noun."""
    size = counted(coded("The number of Russian personnel in Belarus has reached about 10,000."))["force_size"]
    assert size.quantity is not None
    assert (size.quantity.low, size.quantity.unit) == (10000, "troops")
