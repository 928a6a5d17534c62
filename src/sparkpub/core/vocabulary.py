"""The words that dates are told in, a table for each language: to add one, add its table here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from sparkpub.core.plurals import ARABIC, ONE_OR_OTHER, SLAVIC, UP_TO_ONE_OR_OTHER, Plurals

Phrases = tuple[str, ...]
"""A phrase in each of the language's forms for numbers, in the order of `Plurals.names`; `{}` is the number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """One language's words for dates.

    `months` stand alone (`сентябрь 1917 г.`), `months_of` beside a day (`4 сентября`). The templates take `day`,
    `month` and `year`. `first_day` is what the first of a month is called where it is not `1`. The qualified words
    stand before a date that its source doubts (`?`), rounds (`~`) or both (`%`; EDTF). `own_months` are the words
    for Hebrew and Islamic months by their English names, where those are not printed; `hijri` is the Islamic era.
    """

    months: tuple[str, ...]
    months_of: tuple[str, ...]
    day_date: str
    month_date: str
    first_day: str = ""
    ago: Phrases
    lunar_ago: Phrases
    plurals: Plurals
    ordinal: Callable[[int], str]
    ordinal_words: Mapping[int, str] = field(repr=False)
    old_style: str
    new_style: str
    qualified_day: Mapping[str, str]
    qualified_month: Mapping[str, str]
    is_genitive_after_about: bool = False
    colon: str = ":"
    comma: str = ","
    own_months: Mapping[str, str] = field(default_factory=dict, repr=False)
    hijri: str = "AH"


_ROUND = (10, 20, 25, 30, 40, 50, 60, 70, 75, 80, 90, 100, 150, 200, 250, 300, 400, 500, 1000)


def _ordinal_words(*words: str) -> dict[int, str]:
    return dict(zip(_ROUND, words, strict=True))


def _english_ordinal(number: int) -> str:
    is_teen = number // 10 % 10 == 1
    return f"{number}{'th' if is_teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


_ENGLISH_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_FRENCH_MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin", "juillet"),
    *("août", "septembre", "octobre", "novembre", "décembre"),
)
_GERMAN_MONTHS = (
    *("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli"),
    *("August", "September", "Oktober", "November", "Dezember"),
)
_SPANISH_MONTHS = (
    *("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio"),
    *("agosto", "septiembre", "octubre", "noviembre", "diciembre"),
)
_RUSSIAN_MONTHS = (
    *("январь", "февраль", "март", "апрель", "май", "июнь", "июль"),
    *("август", "сентябрь", "октябрь", "ноябрь", "декабрь"),
)
_RUSSIAN_MONTHS_OF = (
    *("января", "февраля", "марта", "апреля", "мая", "июня", "июля"),
    *("августа", "сентября", "октября", "ноября", "декабря"),
)

_ENGLISH = Vocabulary(
    months=_ENGLISH_MONTHS,
    months_of=_ENGLISH_MONTHS,
    day_date="{day} {month} {year}",
    month_date="{month} {year}",
    ago=("{} year ago", "{} years ago"),
    lunar_ago=("{} lunar year ago", "{} lunar years ago"),
    plurals=ONE_OR_OTHER,
    ordinal=_english_ordinal,
    ordinal_words=_ordinal_words(
        *("tenth", "twentieth", "twenty-fifth", "thirtieth", "fortieth", "fiftieth", "sixtieth", "seventieth"),
        *("seventy-fifth", "eightieth", "ninetieth", "hundredth", "hundred and fiftieth", "two hundredth"),
        *("two hundred and fiftieth", "three hundredth", "four hundredth", "five hundredth", "thousandth"),
    ),
    old_style="Old Style",
    new_style="New Style",
    qualified_day={"?": "perhaps ", "~": "about ", "%": "perhaps about "},
    qualified_month={"?": "perhaps ", "~": "about ", "%": "perhaps about "},
)

_FRENCH = Vocabulary(
    months=_FRENCH_MONTHS,
    months_of=_FRENCH_MONTHS,
    day_date="{day} {month} {year}",
    month_date="{month} {year}",
    first_day="1er",
    ago=("il y a {} an", "il y a {} ans"),
    lunar_ago=("il y a {} année lunaire", "il y a {} années lunaires"),
    plurals=UP_TO_ONE_OR_OTHER,
    ordinal=lambda number: "1er" if number == 1 else f"{number}e",
    ordinal_words=_ordinal_words(
        *("dixième", "vingtième", "vingt-cinquième", "trentième", "quarantième", "cinquantième", "soixantième"),
        *("soixante-dixième", "soixante-quinzième", "quatre-vingtième", "quatre-vingt-dixième", "centième"),
        *("cent cinquantième", "deux centième", "deux cent cinquantième", "trois centième", "quatre centième"),
        *("cinq centième", "millième"),
    ),
    old_style="ancien style",
    new_style="nouveau style",
    qualified_day={"?": "peut-être le ", "~": "vers le ", "%": "peut-être vers le "},
    qualified_month={"?": "peut-être ", "~": "vers ", "%": "peut-être vers "},
    colon="\u00a0:",
)

_GERMAN = Vocabulary(
    months=_GERMAN_MONTHS,
    months_of=_GERMAN_MONTHS,
    day_date="{day}. {month} {year}",
    month_date="{month} {year}",
    ago=("vor {} Jahr", "vor {} Jahren"),
    lunar_ago=("vor {} Mondjahr", "vor {} Mondjahren"),
    plurals=ONE_OR_OTHER,
    ordinal=lambda number: f"{number}.",
    ordinal_words=_ordinal_words(
        *("zehnte", "zwanzigste", "fünfundzwanzigste", "dreißigste", "vierzigste", "fünfzigste", "sechzigste"),
        *("siebzigste", "fünfundsiebzigste", "achtzigste", "neunzigste", "hundertste", "hundertfünfzigste"),
        *("zweihundertste", "zweihundertfünfzigste", "dreihundertste", "vierhundertste", "fünfhundertste"),
        "tausendste",
    ),
    old_style="alten Stils",
    new_style="neuen Stils",
    qualified_day={"?": "vielleicht am ", "~": "um den ", "%": "vielleicht um den "},
    qualified_month={"?": "vielleicht ", "~": "etwa ", "%": "vielleicht etwa "},
)

_SPANISH = Vocabulary(
    months=_SPANISH_MONTHS,
    months_of=_SPANISH_MONTHS,
    day_date="{day} de {month} de {year}",
    month_date="{month} de {year}",
    ago=("hace {} año", "hace {} años"),
    lunar_ago=("hace {} año lunar", "hace {} años lunares"),
    plurals=ONE_OR_OTHER,
    ordinal=lambda number: f"{number}.º",
    ordinal_words=_ordinal_words(
        *("décimo", "vigésimo", "vigesimoquinto", "trigésimo", "cuadragésimo", "quincuagésimo", "sexagésimo"),
        *("septuagésimo", "septuagésimo quinto", "octogésimo", "nonagésimo", "centésimo", "centésimo quincuagésimo"),
        *("ducentésimo", "ducentésimo quincuagésimo", "tricentésimo", "cuadringentésimo", "quingentésimo", "milésimo"),
    ),
    old_style="estilo antiguo",
    new_style="estilo nuevo",
    qualified_day={"?": "quizá el ", "~": "hacia el ", "%": "quizá hacia el "},
    qualified_month={"?": "quizá ", "~": "hacia ", "%": "quizá hacia "},
)

_RUSSIAN = Vocabulary(
    months=_RUSSIAN_MONTHS,
    months_of=_RUSSIAN_MONTHS_OF,
    day_date="{day} {month} {year} г.",
    month_date="{month} {year} г.",
    ago=("{} год назад", "{} года назад", "{} лет назад"),
    lunar_ago=("{} лунный год назад", "{} лунных года назад", "{} лунных лет назад"),
    plurals=SLAVIC,
    ordinal=lambda number: f"{number}-й",
    ordinal_words=_ordinal_words(
        *("десятый", "двадцатый", "двадцать пятый", "тридцатый", "сороковой", "пятидесятый", "шестидесятый"),
        *("семидесятый", "семьдесят пятый", "восьмидесятый", "девяностый", "сотый", "сто пятидесятый"),
        *("двухсотый", "двести пятидесятый", "трёхсотый", "четырёхсотый", "пятисотый", "тысячный"),
    ),
    old_style="по старому стилю",
    new_style="по новому стилю",
    qualified_day={"?": "возможно, ", "~": "около ", "%": "возможно, около "},
    qualified_month={"?": "возможно, ", "~": "около ", "%": "возможно, около "},
    is_genitive_after_about=True,
)

_ARABIC_MONTHS = (
    *("يناير", "فبراير", "مارس", "أبريل", "مايو", "يونيو", "يوليو"),
    *("أغسطس", "سبتمبر", "أكتوبر", "نوفمبر", "ديسمبر"),
)
_LEVANTINE_MONTHS = (
    *("كانون الثاني", "شباط", "آذار", "نيسان", "أيار", "حزيران", "تموز"),
    *("آب", "أيلول", "تشرين الأول", "تشرين الثاني", "كانون الأول"),
)
_ALGERIAN_MONTHS = (
    *("جانفي", "فيفري", "مارس", "أفريل", "ماي", "جوان", "جويلية"),
    *("أوت", "سبتمبر", "أكتوبر", "نوفمبر", "ديسمبر"),
)
_MOROCCAN_MONTHS = (
    *("يناير", "فبراير", "مارس", "أبريل", "ماي", "يونيو", "يوليوز"),
    *("غشت", "شتنبر", "أكتوبر", "نونبر", "دجنبر"),
)

_ARABIC = Vocabulary(
    months=_ARABIC_MONTHS,
    months_of=_ARABIC_MONTHS,
    day_date="{day} {month} {year}",
    month_date="{month} {year}",
    ago=("قبل {} عام", "قبل عام واحد", "قبل عامين", "قبل {} أعوام", "قبل {} عامًا", "قبل {} عام"),
    lunar_ago=(
        *("قبل {} سنة قمرية", "قبل سنة قمرية واحدة", "قبل سنتين قمريتين", "قبل {} سنوات قمرية"),
        *("قبل {} سنة قمرية", "قبل {} سنة قمرية"),
    ),
    plurals=ARABIC,
    ordinal=lambda number: f"الـ{number}",
    # Feminine, as the word for an anniversary is: الذكرى المئة.
    ordinal_words=_ordinal_words(
        *("العاشرة", "العشرون", "الخامسة والعشرون", "الثلاثون", "الأربعون", "الخمسون", "الستون", "السبعون"),
        *("الخامسة والسبعون", "الثمانون", "التسعون", "المئة", "المئة والخمسون", "المئتان", "المئتان والخمسون"),
        *("الثلاثمئة", "الأربعمئة", "الخمسمئة", "الألف"),
    ),
    old_style="بالتقويم القديم",
    new_style="بالتقويم الجديد",
    qualified_day={"?": "ربما ", "~": "حوالي ", "%": "ربما حوالي "},
    qualified_month={"?": "ربما ", "~": "حوالي ", "%": "ربما حوالي "},
    comma="،",
    own_months={
        "Muharram": "محرم",
        "Safar": "صفر",
        "Rabi I": "ربيع الأول",
        "Rabi II": "ربيع الآخر",
        "Jumada I": "جمادى الأولى",
        "Jumada II": "جمادى الآخرة",
        "Rajab": "رجب",
        "Sha'ban": "شعبان",
        "Ramadan": "رمضان",
        "Shawwal": "شوال",
        "Dhu al-Qa'da": "ذو القعدة",
        "Dhu al-Hijja": "ذو الحجة",
        "Tishri": "تشري",
        "Heshvan": "مرحشوان",
        "Kislev": "كيسلو",
        "Tevet": "طيفت",
        "Shevat": "شباط",
        "Adar": "آذار",
        "Adar I": "آذار الأول",
        "Adar II": "آذار الثاني",
        "Nisan": "نيسان",
        "Iyar": "أيار",
        "Sivan": "سيفان",
        "Tammuz": "تموز",
        "Av": "آب",
        "Elul": "أيلول",
    },
    hijri="هـ",
)


def _arabic_with(months: tuple[str, ...]) -> Vocabulary:
    return replace(_ARABIC, months=months, months_of=months)


_VOCABULARIES = {
    "en": _ENGLISH,
    "en-us": replace(_ENGLISH, day_date="{month} {day}, {year}"),
    "fr": _FRENCH,
    "de": _GERMAN,
    "es": _SPANISH,
    "ru": _RUSSIAN,
    "ar": _ARABIC,
    **dict.fromkeys(("ar-iq", "ar-jo", "ar-lb", "ar-ps", "ar-sy"), _arabic_with(_LEVANTINE_MONTHS)),
    **dict.fromkeys(("ar-dz", "ar-tn"), _arabic_with(_ALGERIAN_MONTHS)),
    "ar-ma": _arabic_with(_MOROCCAN_MONTHS),
}


def vocabulary(language: str) -> Vocabulary:
    """The words of a language by its BCP 47 tag, whole or its first part."""
    tag = language.lower()
    return _VOCABULARIES.get(tag) or _VOCABULARIES.get(tag.partition("-")[0], _ENGLISH)
