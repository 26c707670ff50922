"""Terms and patterns as the wording files write them."""

from __future__ import annotations

import pytest

from indicators.catalogue.folding import fold
from indicators.catalogue.words import PatternError, TermIndex, compile_pattern, match_pattern, parse_term, words_of

ENDINGS = {"m": ("", "а", "у", "ом", "ов"), "s": ("", "s")}


def found(pattern: str, text: str, *, within: int | None = None) -> str | None:
    """The words that `pattern` takes in `text`, from its first to its last; None where it finds nothing."""
    index = TermIndex()
    slots: dict[object, int] = {}

    def slot(terms: tuple[object, ...]) -> int:
        number = slots.setdefault(terms, len(slots) + 1)
        for term in terms:
            index.add(term, number)
        return number

    classes = {"armour": (parse_term("tank(|s)", ENDINGS), parse_term("armoured vehicle(|s)", ENDINGS))}
    compiled = compile_pattern(pattern, endings=ENDINGS, classes=classes, slot=slot, number_slot=0, within=within)
    folded = fold(text)
    words = words_of(folded.text)
    spans: dict[int, list[tuple[int, int]]] = {}
    for number, first, last in index.find(words.words, words.joined):
        spans.setdefault(number, []).append((first, last))
    taken = match_pattern(compiled, spans, words.joined)
    if taken is None:
        return None
    start, end = folded.span(
        words.starts[min(span[0] for span in taken)], words.ends[max(span[1] for span in taken) - 1]
    )
    return text[start:end]


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("tank", "A tank stood there.", "tank"),
        ("tank", "A tanker stood there.", None),
        ("tank*", "A tanker stood there.", "tanker"),
        ("tank{s}", "Two tanks.", "tanks"),
        ("(танк|бтр){m}", "Видели колонну танков.", "танков"),
        ("(танк|бтр){m}", "Видели танкер.", None),
        ("war game(|s)", "Belarus begins war games.", "war games"),
        ("war game(|s)", "After the war, games resumed.", None),
        ("[joint] drills", "joint drills", "joint drills"),
        ("[joint] drills", "new drills", "drills"),
        ("[a|the] border", "at the border", "the border"),
        ("moved .. border", "moved ten tanks to the border", "moved ten tanks to the border"),
        ("border .. moved", "moved ten tanks to the border", None),
        ("border & moved", "moved ten tanks to the border", "moved ten tanks to the border"),
        ("@armour & moved", "moved ten armoured vehicles", "moved ten armoured vehicles"),
        ("(army convoy|column) of", "an army convoy of trucks", "army convoy of"),
        ("(@armour|truck(|s)) & moved", "trucks moved", "trucks moved"),
        ("Ил-76", "Прилетел ИЛ-76.", "ИЛ-76"),
        ("С-(3|4)00", "Комплекс C-400 на марше", "C-400"),
        ("об'єкт*", "на об’єкті", "об’єкті"),
        ("учени{m}", "уче́ния", None),
        ("танк{m}", "тáнков", "тáнков"),
        ("Russia moves", "Russia's moves", "Russia's moves"),
    ],
)
def test_patterns_find_what_they_write(pattern: str, text: str, expected: str | None) -> None:
    """A pattern takes exactly the words its grammar names."""
    assert found(pattern, text) == expected


def test_a_gap_is_as_wide_as_within_says() -> None:
    """`..` reaches over `within` words and no further."""
    assert found("moved .. border", "moved a b c border", within=3) is not None
    assert found("moved .. border", "moved a b c d border", within=3) is None


def test_two_parts_never_share_a_word() -> None:
    """`&` needs two words for two elements."""
    assert found("tank & tank(|s)", "a tank") is None


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "[tank]",
        "(tank",
        "tank)",
        "@nothing",
        "tank{zz}",
        "ta{s}nk",
        "a .. ",
        "a & & b",
        "()",
        "(a||b)*x)",
        "dr|ill",
        "@NUMBER",
        "[a",
        "т*нк",
    ],
)
def test_an_unreadable_pattern_says_what_to_write(pattern: str) -> None:
    """A pattern that cannot be read is refused with its own words and a remedy."""
    with pytest.raises(PatternError) as trouble:
        found(pattern, "a tank")
    assert trouble.value.remedy
