"""A generated corpus: happenings near each other in place and time, told in four languages, paraphrased and copied.

Every text and every template was written for this project. What a coder would make of an item is generated with its
faults: a vague place or none, no number or a round one, the day of publication in place of the day itself.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from reporting import NOON, a_place, a_signal, an_item

from feeds.model import Item
from indicators.model.place import Place
from indicators.model.signal import Direction, Quantity, Signal

LANGUAGES = ("en", "ru", "uk", "be")
KINDS = ("truncated", "headline", "edited", "brief", "quoted")

PLACES = (
    a_place("Brest", 52.10, 23.70),
    a_place("Kobryn", 52.21, 24.36, radius=6),
    a_place("Gomel", 52.43, 31.00),
    a_place("Zyabrovka", 52.31, 31.16, radius=3, kind="airfield"),
    a_place("Rechytsa", 52.37, 30.39, radius=6),
    a_place("Pinsk", 52.12, 26.10),
    a_place("Luninets", 52.25, 26.80, radius=5, kind="airfield"),
    a_place("Mozyr", 52.05, 29.25),
    a_place("Polonka", 53.14, 25.72, radius=4, kind="station"),
    a_place("Baranavichy", 53.13, 26.02),
    a_place("Minsk", 53.90, 27.56, radius=10),
    a_place("Machulishchy", 53.77, 27.58, radius=3, kind="airfield"),
)
SOUTH = a_place("southern Belarus", 52.2, 27.5, radius=290, kind="area")
COUNTRY = a_place("Belarus", 53.5, 28.0, radius=320, kind="country")

# Two ways of telling each thing in each language; {n} a number, {p} a place.
TOLD = {
    "equipment_move": {
        "en": ("{n} tanks on railway platforms were seen at {p} moving to the border.",
               "A train with {n} tanks has passed {p} on its way south, railwaymen say."),
        "ru": ("{n} танков на железнодорожных платформах заметили у станции {p} в сторону границы.",
               "Эшелон, в котором {n} танков, проследовал через {p} на юг, говорят железнодорожники."),
        "uk": ("{n} танків на залізничних платформах помітили біля станції {p} у бік кордону.",
               "Ешелон, у якому {n} танків, пройшов через {p} на південь, кажуть залізничники."),
        "be": ("{n} танкаў на чыгуначных платформах заўважылі каля станцыі {p} у бок мяжы.",
               "Эшалон, у якім {n} танкаў, прайшоў праз {p} на поўдзень, кажуць чыгуначнікі."),
    },
    "drill": {
        "en": ("Joint drills of {n} soldiers have begun at the training ground near {p}.",
               "At {p} about {n} servicemen of two armies train together, the units say."),
        "ru": ("Совместные учения {n} военных начались на полигоне под городом {p}.",
               "Под городом {p} вместе тренируются {n} военнослужащих двух армий, сообщают части."),
        "uk": ("Спільні навчання {n} військових почалися на полігоні під містом {p}.",
               "Під містом {p} разом тренуються {n} військовослужбовців двох армій, повідомляють частини."),
        "be": ("Сумесныя вучэнні {n} вайскоўцаў пачаліся на палігоне пад горадам {p}.",
               "Пад горадам {p} разам трэніруюцца {n} вайскоўцаў дзвюх армій, паведамляюць часткі."),
    },
    "aviation": {
        "en": ("{n} helicopters have landed at the airfield of {p} since the morning.",
               "Over {p} people counted {n} helicopters that came in low and stayed."),
        "ru": ("{n} вертолетов с утра приземлились на аэродроме {p}.",
               "Над городом {p} насчитали {n} вертолетов, они шли низко и остались."),
        "uk": ("{n} гелікоптерів зранку приземлилися на аеродромі {p}.",
               "Над містом {p} нарахували {n} гелікоптерів, вони йшли низько й залишилися."),
        "be": ("{n} верталётаў з раніцы прызямліліся на аэрадроме {p}.",
               "Над горадам {p} налічылі {n} верталётаў, яны ішлі нізка і засталіся."),
    },
    "leader_meeting": {
        "en": ("The presidents of Russia and Belarus have met at {p} and talked for {n} hours.",
               "Putin came to {p} to see Lukashenko, the talks took {n} hours."),
        "ru": ("Президенты России и Беларуси встретились в городе {p} и говорили {n} часа.",
               "Путин приехал в {p} к Лукашенко, переговоры шли {n} часа."),
        "uk": ("Президенти Росії та Білорусі зустрілися в місті {p} і говорили {n} години.",
               "Путін приїхав у {p} до Лукашенка, перемовини тривали {n} години."),
        "be": ("Прэзідэнты Расіі і Беларусі сустрэліся ў горадзе {p} і гаварылі {n} гадзіны.",
               "Пуцін прыехаў у {p} да Лукашэнкі, перамовы ішлі {n} гадзіны."),
    },
}  # fmt: skip
UNITS = {"equipment_move": "tank", "drill": "troops", "aviation": "helicopter", "leader_meeting": "hour"}
INDICATORS = {
    "equipment_move": "equipment_moves", "drill": "drills", "aviation": "combat_aviation",
    "leader_meeting": "leader_meetings",
}  # fmt: skip

# Who, does what, about what: sentences that any article may carry, so that some meet by chance.
AROUND = {
    "en": (
        ("The governor", "A local editor", "The railway company", "One of the drivers", "An officer in reserve",
         "The town council", "A teacher from the next village", "The border guards"),
        ("did not answer questions about", "asked people not to film", "had heard nothing of", "called attention to",
         "spoke at length about", "refused to comment on", "promised to look into", "was surprised by"),
        ("the closed road by the river.", "the noise during the night.", "the empty trains on the siding.",
         "the new fence around the depot.", "the price of fuel this winter.", "the checkpoints outside the town.",
         "the works on the old bridge.", "the rumours in the market."),
    ),
    "ru": (
        ("Глава района", "Местный редактор", "Управление железной дороги", "Один из водителей", "Офицер запаса",
         "Городской совет", "Учитель из соседней деревни", "Пограничная служба"),
        ("не стал отвечать на вопросы про", "просит людей не снимать", "ничего не слышал про", "обращает внимание на",
         "долго рассказывал про", "отказался говорить про", "обещает разобраться про", "с удивлением смотрел на"),
        ("перекрытую дорогу у реки.", "шум в течение ночи.", "пустые составы на запасных путях.",
         "новый забор вокруг склада.", "цену на топливо этой зимой.", "посты на выезде из города.",
         "работы на старом мосту.", "слухи на рынке."),
    ),
    "uk": (
        ("Голова району", "Місцевий редактор", "Управління залізниці", "Один з водіїв", "Офіцер запасу",
         "Міська рада", "Учитель із сусіднього села", "Прикордонна служба"),
        ("не відповів на запитання про", "просить людей не знімати", "нічого не чув про", "звертає увагу на",
         "довго розповідав про", "відмовився говорити про", "обіцяє розібратися про", "зі здивуванням дивився на"),
        ("перекриту дорогу біля річки.", "шум протягом ночі.", "порожні потяги на запасних коліях.",
         "новий паркан навколо складу.", "ціну на пальне цієї зими.", "пости на виїзді з міста.",
         "роботи на старому мосту.", "чутки на ринку."),
    ),
    "be": (
        ("Кіраўнік раёна", "Мясцовы рэдактар", "Упраўленне чыгункі", "Адзін з кіроўцаў", "Афіцэр запасу",
         "Гарадскі савет", "Настаўнік з суседняй вёскі", "Памежная служба"),
        ("не адказаў на пытанні пра", "просіць людзей не здымаць", "нічога не чуў пра", "звяртае ўвагу на",
         "доўга расказваў пра", "адмовіўся гаварыць пра", "абяцае разабрацца пра", "са здзіўленнем глядзеў на"),
        ("перакрытую дарогу каля ракі.", "шум на працягу ночы.", "пустыя цягнікі на запасных пуцях.",
         "новы плот вакол склада.", "цану на паліва гэтай зімой.", "пасты на выездзе з горада.",
         "працы на старым мосце.", "чуткі на рынку."),
    ),
}  # fmt: skip
HEADLINES = {
    "en": ("What is going on near the border", "Morning briefing", "Latest from the region"),
    "ru": ("Что происходит у границы", "Утренняя сводка", "Последние новости региона"),
    "uk": ("Що відбувається біля кордону", "Ранкове зведення", "Останні новини регіону"),
    "be": ("Што адбываецца каля мяжы", "Ранішняя зводка", "Апошнія навіны рэгіёна"),
}
FOOTERS = {
    "en": "Follow us on every platform that you use.",
    "ru": "Подписывайтесь на нас на всех площадках.",
    "uk": "Підписуйтеся на нас на всіх майданчиках.",
    "be": "Падпісвайцеся на нас на ўсіх пляцоўках.",
}


@dataclass(frozen=True)
class Told:
    """An item, what a coder makes of it, and the happening it really tells of."""

    item: Item
    signal: Signal
    happening: int
    copy: str
    """The kind of reprint, or empty for a text of its own."""


@dataclass(frozen=True)
class Happening:
    """What really happened."""

    number: int
    family: str
    place: Place
    at: datetime
    size: int


def happenings(chance: random.Random, count: int) -> list[Happening]:
    """So many happenings in eight weeks; a third lie next to another in place, a third follow one at its place."""
    found: list[Happening] = []
    for number in range(count):
        family = chance.choice(list(TOLD))
        place = chance.choice(PLACES)
        at = NOON + timedelta(hours=chance.randrange(0, 24 * 56))
        earlier = [one for one in found if one.family == family]
        if earlier and number % 3 == 1:
            near = chance.choice(earlier)
            place = PLACES[(PLACES.index(near.place) + chance.choice((-1, 1))) % len(PLACES)]
            at = near.at + timedelta(hours=chance.randrange(-12, 13))
        elif earlier and number % 3 == 2:
            before = chance.choice(earlier)
            place, at = before.place, before.at + timedelta(days=chance.choice((4, 5, 7)))
        size = 2 + number % 4 if family == "leader_meeting" else chance.choice((9, 12, 18, 31, 46, 70, 120, 300))
        if any(one.family == family and one.place == place and abs(one.at - at) < timedelta(days=3) for one in found):
            # Two things of one kind at one place on one day: nobody could tell them apart.
            continue
        if family == "leader_meeting" and any(
            one.family == family and abs(one.at - at) < timedelta(days=3) for one in found
        ):
            continue
        found.append(Happening(number=number, family=family, place=place, at=at, size=size))
    return found


def corpus(*, seed: int = 20, count: int = 150) -> list[Told]:
    """Every item of the corpus, in order of publication."""
    chance = random.Random(seed)
    told: list[Told] = []
    for happening in happenings(chance, count):
        for lang in chance.sample(LANGUAGES, chance.choice((2, 3, 4))):
            original = _original(chance, happening, lang, len(told))
            told.append(original)
            if chance.random() < 0.6:
                kinds = chance.sample(KINDS, chance.choice((1, 2, 3)))
                told += [_copy(chance, original, kind, len(told) + place) for place, kind in enumerate(kinds)]
    return sorted(told, key=lambda one: (one.item.published_at, one.item.item_id))


def _around(chance: random.Random, lang: str, count: int) -> list[str]:
    return [" ".join(chance.choice(part) for part in AROUND[lang]) for _ in range(count)]


def _original(chance: random.Random, happening: Happening, lang: str, number: int) -> Told:
    """A text of its own on a happening, up to a day and a half later."""
    way = chance.choice(TOLD[happening.family][lang])
    says_number = chance.random() < 0.7
    said = happening.size + (chance.choice((-1, 0, 1)) if happening.size > 20 else 0)
    sentence = way.format(n=said, p=happening.place.name)
    text = " ".join([sentence, *_around(chance, lang, chance.choice((3, 4)))])
    at = happening.at + timedelta(hours=chance.choice((0, 1, 2, 3, 5, 8, 14, 20, 28)))
    item = an_item(text, item_id=f"{lang}{number % 7}:{number}", source=f"{lang}{number % 7}",
                   title=chance.choice(HEADLINES[lang]), at=at, lang=lang)  # fmt: skip
    roll = chance.random()
    places = (happening.place,) if roll < 0.86 else (SOUTH,) if roll < 0.9 else (COUNTRY,) if roll < 0.95 else ()
    if happening.family == "leader_meeting":
        actors: tuple[str, ...] = ("PUTIN", "LUKASHENKO") if chance.random() < 0.8 else ("PUTIN",)
    else:
        actors = chance.choice((("RUS",), ("RUS", "BLR"), ()))
    signal = a_signal(
        item.item_id,
        family=happening.family,
        indicator=INDICATORS[happening.family],
        places=places,
        on=happening.at.date() if chance.random() < 0.6 else at.date(),
        at=at,
        quantity=Quantity(low=said, high=said, unit=UNITS[happening.family], approximate=chance.random() < 0.3)
        if says_number
        else None,
        direction=Direction.TOWARD
        if happening.family == "equipment_move" and chance.random() < 0.5
        else Direction.NONE,
        actors=actors,
        start=item.body.index(sentence),
        end=item.body.index(sentence) + len(sentence),
    )
    return Told(item=item, signal=signal, happening=happening.number, copy="")


def _copy(chance: random.Random, original: Told, kind: str, number: int) -> Told:
    """A copy of a text, of one of the five kinds, up to four days later, dated by its own day half of the time."""
    lang = original.item.lang
    first, *others = [f"{part.rstrip('.')}." for part in original.item.text.split(". ")]
    title = original.item.title
    if kind == "truncated":
        text = " ".join([first, *others])[: len(first) + len(others[0]) + chance.randrange(2, 30)]
    elif kind == "headline":
        title = chance.choice(HEADLINES[lang])
        text = f"MINSK, Dec 2022 (Agency) - {original.item.text} {FOOTERS[lang]}"
    elif kind == "edited":
        words = " ".join([first, *others[: max(1, len(others) - 1)]]).split()
        for place in range(len(words)):
            # The words that say what, where and how many are what an editor leaves alone.
            if place >= len(first.split()) and chance.random() < 0.05:
                words[place] = chance.choice(words)
        text = " ".join(words)
    elif kind == "brief":
        text = f"{first} {chance.choice(others)}"
    else:
        text = " ".join([*_around(chance, lang, 2), first, others[0], *_around(chance, lang, 2)])
    at = original.item.published_at + timedelta(hours=chance.choice((0.2, 1, 2, 6, 12, 30, 50, 90)))
    item = an_item(text, item_id=f"{lang}{10 + number % 7}:{number}", source=f"{lang}{10 + number % 7}",
                   title=title, at=at, lang=lang)  # fmt: skip
    signal = original.signal
    explicit = signal.occurred_on if chance.random() < 0.5 else (at.date(), at.date())
    start = item.body.index(first[:20])
    copied = a_signal(
        item.item_id,
        family=signal.family,
        indicator=signal.indicator,
        places=tuple(signal.places),
        on=explicit,
        at=at,
        quantity=signal.quantity,
        direction=signal.direction,
        actors=tuple(actor.id for actor in signal.actors),
        start=start,
        end=start + len(first),
    )
    return Told(item=item, signal=copied, happening=original.happening, copy=kind)
