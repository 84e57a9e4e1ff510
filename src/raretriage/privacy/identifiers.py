"""What an identifier looks like in Spanish and English notes: one rule a kind, in the order in which they are tried.

A rule replaces what it matches by its tag; a group called `keep` stays in front of it ("Dra. " of "Dra. Pérez").
Where a clinical figure and an identifier look alike, the rules say which wins: 120/80, 7/10 and 1500 mg stay, a
number of five digits does not (it may be a postcode), nor does a list of digits as long as a telephone number.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

TAGS = ("EMAIL", "URL", "IP", "DATE", "AGE", "ADDRESS", "POSTCODE", "PHONE", "ID", "NAME", "TEXT")


@dataclass(frozen=True, slots=True)
class Rule:
    tag: str
    pattern: re.Pattern[str]
    is_meant: Callable[[str], bool] = lambda _found: True
    """A last look at what matched; False leaves it."""


def _rule(tag: str, pattern: str, *, case: bool = False) -> Rule:
    return Rule(tag, re.compile(pattern, re.VERBOSE | (re.NOFLAG if case else re.IGNORECASE)))


_MONTH = r"""(?:enero|febrero|marzo|abril|mayo|junio|julio|agosto|sep?tiembre|octubre|noviembre|diciembre
    |january|february|march|april|may|june|july|august|september|october|november|december
    |ene|feb|mar|abr|apr|jun|jul|ago|aug|sept?|set|oct|nov|dic|dec|jan)\b\.?"""
_TIME = r"(?:[T\s,]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:\s?Z|\s?[+-]\d{2}:?\d{2})?)?"

# A word of a name: letters with inner apostrophes and hyphens. Capitalised where nothing else says that it is one.
_LETTER = r"[^\W\d_]"
_WORD = rf"{_LETTER}+(?:['’-]{_LETTER}+)*"
_CAPITAL = r"(?-i:[A-ZÁÉÍÓÚÜÑÀÈÌÒÙÂÊÎÔÛÄËÏÖÇŠŽĀ-Ž])"
_PROPER = rf"{_CAPITAL}(?:{_LETTER}|['’-](?={_LETTER}))*\.?"
_PARTICLE = r"(?:de\ la|de\ las|de\ los|del|de|da|das|dos|van\ der|van\ den|van|von|di|la|y|e|i|bin|ibn|al|el)"
_MORE = rf"(?:[ \t]+(?:{_PARTICLE}[ \t]+)?{_PROPER}|[ \t]+{_PARTICLE}[ \t]+{_WORD})"

# Labels of a field that holds a name.
_FIELD = r"""(?:pa?ciente|pcte|nombres?(?:\s+y\s+apellidos?)?|apellidos?|(?:first|last|full|family|given)\s+name
    |sur?name|name|patient(?:'s)?(?:\s+name)?|madre|padre|mother|father|hij[oa]|espos[oa]|wife|husband|spouse
    |contacto|contact|tutora?|guardian|acompa[ñn]ante|informante|informant|firmado(?:\s+por)?|signed(?:\s+by)?
    |atendid[oa]\s+por|seen\s+by|remitid[oa]\s+por|referred\s+by|m[eé]dico|physician|doctora?|cuidadora?|next\s+of\s+kin)"""

_DOSE = re.compile(
    r"""\d{1,4}(?:mg|ml|g|gr|mcg|ug|µg|kg|cm|mm|ui|iu|u|kcal|cal|l|dl|mmhg|bpm|lpm|rpm|ms|s|h|min|hz|meq|mmol|mol|ng)""",
    re.IGNORECASE,
)


def _looks_like_a_record_number(token: str) -> bool:
    """Five digits, or four among letters; a four-digit year, a dose with its unit or 38-39 is left."""
    digits = sum(character.isdigit() for character in token)
    has_letter = any(character.isalpha() for character in token)
    return digits >= 5 or (digits == 4 and has_letter and _DOSE.fullmatch(token) is None)


RULES: tuple[Rule, ...] = (
    _rule("URL", r"\b(?:https?|ftp|file|s3|postgresql)://\S+"),
    _rule("EMAIL", r"(?<!\S)(?:[\w.+-]+[ ](?=[@＠][ ]))?\S*[@＠](?:\S+|[ ][\w.-]+)?"),
    _rule("EMAIL", r"[\w.+-]+\s?(?:\(at\)|\[at\]|\barroba\b)\s?[\w-]+(?:\.[\w-]+)+"),
    _rule("URL", r"\bwww\.\S+ | \b(?:[\w-]+\.)+(?:com|org|net|edu|gov|gob|info|io|es|co|mx|uk)\b(?:/\S*)?"),
    # National ids: NIE, DNI, SSN, CC; dotted forms before the IP addresses that they resemble.
    _rule(
        "ID",
        r"""\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b
        | \b[XYZ][-.\s]?\d{7}[-.\s]?[A-Z]\b | \b\d{8}[-.\s]?[A-Z]\b | (?<![\d.])\d{3}[- ]\d{2}[- ]\d{4}(?!\d)
        | (?<![\d.,])\d{1,3}(?:\.\d{3}){2,3}(?:[-.\s]?[A-Z]\b|(?![\d.]))""",
    ),
    _rule("IP", r"(?<!\d)\d{1,3}(?:\.\d{1,3}){3}(?!\d)"),
    # Version 6: with a letter, a double colon or eight groups; 10:30:45 is a time.
    _rule(
        "IP",
        r"""(?<!\w)(?=[0-9a-f:]*:[0-9a-f:]*:)(?=[0-9:]*[a-f]|[0-9a-f:]*::|(?:\w+:){7})
        [0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,8}(?!\w)""",
    ),
    # Dates with day, month and year; day and month in words; day/month only after a word that says it is a date,
    # because 120/80 is a blood pressure and 7/10 a pain score.
    _rule("DATE", rf"(?<!\d)\d{{1,4}}([/.-])\d{{1,2}}\1\d{{1,4}}(?!\d){_TIME}"),
    _rule(
        "DATE",
        rf"""\b\d{{1,2}}(?:\.?[ºª°]|st|nd|rd|th)?[\s/.-]+(?:de\s+|of\s+)?{_MONTH}
        (?:[\s,/.-]+(?:del?\s+|of\s+)?(?:\d{{4}}|\d{{2}})\b)?{_TIME}""",
    ),
    _rule("DATE", rf"\b{_MONTH}[\s/.-]+(?:de\s+)?\d{{1,2}}(?:st|nd|rd|th)?\b(?:,?\s+\d{{4}}\b)?{_TIME}"),
    _rule("DATE", rf"\b{_MONTH}[\s/.,-]+(?:del?\s+|of\s+)?\d{{4}}\b"),
    _rule(
        "DATE",
        r"""(?P<keep>\b(?:el|on|desde|since|d[ií]a|fecha|date|del|from|until|till|hasta|cita)[:\s]+(?:el\s+)?)
        \d{1,2}[/.-]\d{1,2}\b(?![/.-]?\d)""",
    ),
    _rule(
        "DATE",
        rf"(?P<keep>\b(?:en|in|desde|since|de|of|until|hasta|last|pasado)\s+(?:el\s+mes\s+de\s+)?){_MONTH}",
    ),
    # Over 89: 45 CFR 164.514(b)(2)(i)(C).
    _rule(
        "AGE",
        r"""(?<![\d.,/])(?:9\d|1[0-2]\d)(?=[\s-]*(?:años|anos|year|yr|y/?o\b|a[ñn]itos))
        |(?P<keep>\b(?:edad|age|aged)[:\s]+(?:de\s+)?)(?:9\d|1[0-2]\d)\b""",
    ),
    _rule(
        "ADDRESS",
        r"""\b(?:calle|c/|avda|avenida|avd|av|plaza|pza|plza|paseo|pº|carrera|cra|kra|kr|cl|transversal|tv
        |diagonal|dg|camino|carretera|ctra|urbanizaci[oó]n|urb|barrio|vereda|manzana|mz|ronda|glorieta|callej[oó]n)
        \b\.?/?[ \t]*(?:[^\W\d_][\w.'’ºª-]*[ \t,]+){0,6}?(?:n[uú]m(?:ero)?\.?|n[ºo°]\.?|\#)?[ \t]*\#?[ \t]*\d+\w*
        (?:[ \t]*(?:[-–\#]|n[uú]m(?:ero)?\.?|n[ºo°]\.?)[ \t]*\#?[ \t]*\d+\w*)*
        (?:,?[ \t]*
        (?:piso|apto|apartamento|puerta|pta|esc|escalera|torre|casa|interior|int|bloque
        |\d{1,2}\s?[ºª°])\.?[ \t]*\w{0,4})*""",
    ),
    _rule("ADDRESS", rf"\b(?:calle|c/|avda\.?|avenida|plaza|paseo)[ \t]+(?:{_PARTICLE}[ \t]+)?{_PROPER}{_MORE}{{0,3}}"),
    _rule(
        "ADDRESS",
        r"""\b\d{1,6}\w?[ \t]+(?:[^\W\d_][\w.'’-]*[ \t]+){1,4}?
        (?:street|avenue|road|boulevard|lane|terrace|crescent|highway|parkway
        |(?-i:St|Ave|Rd|Blvd|Ln|Drive|Dr|Court|Ct|Place|Pl|Square|Sq|Way|Hwy|Pkwy))\b\.?
        (?:,?[ \t]*(?:apt|apartment|suite|unit|ste|\#)\.?[ \t]*\w+)?""",
    ),
    _rule("ADDRESS", r"\bp\.?\s?o\.?\s?box\s*\d+ | \bapartado(?:\s+(?:de\s+correos|postal|a[eé]reo))?\s+\d+"),
    _rule(
        "POSTCODE",
        r"(?P<keep>\b(?:c\.?p\.?|c[oó]d(?:igo|\.)?\s*postal|zip(?:\s*code)?|post\s?code)[\s:.#]*)\d[\w-]*",
    ),
    _rule("POSTCODE", r"\b[A-Z]{1,2}\d[A-Z\d]?[ ]\d[A-Z]{2}\b", case=True),
    _rule(
        "ID",
        r"""(?P<keep>\b(?:mrn|nhc|n\.?h\.?c\.?|hc|h\.c\.|historia(?:\s+cl[ií]nica)?|dni|d\.n\.i\.?|nie|nif|nuhsa|cip|sip
        |c\.c\.|cc|ti|t\.i\.|ce|c[eé]dula|documento|pasaporte|passport|ssn|social\s+security|seguridad\s+social|nss
        |record|chart|expediente|episodio|episode|account|cuenta|p[oó]liza|policy|license|licencia|matr[ií]cula
        |id|identificaci[oó]n|ref|registro|colegiad[oa])
        (?:[\s:.#=-]|n[ºo°]\.?|no\.|n[uú]m(?:ero|ber)?\.?|number|is|es|de\s+(?:ciudadan[ií]a|identidad))*?[\s:.#=º°]+)
        (?=[\w./-]*\d)\w(?:[\w/-]|\.(?=\d))*""",
    ),
    _rule("PHONE", r"(?<![\w.,/-])(?:\+|00)?\(?\d(?:[ \t().–-]{0,3}\d){6,}(?!\w)(?:[ \t]*(?:ext|x)\.?[ \t]*\d+)?"),
    Rule("ID", re.compile(r"\w+(?:[-_.]\w+)*"), _looks_like_a_record_number),
    # Names after an abbreviated title: the next word whatever its case, then what follows like a name. After a title
    # that is also an ordinary word: proper words only.
    _rule(
        "NAME",
        rf"""(?P<keep>\b(?:dra?|sra?|srta|sres|(?-i:D)|d[ñn]a|mr|mrs|(?-i:Ms)|prof|lic)\.[ \t]*
        |\b(?:dra|dr|sra|sr|srta|d[ñn]a|mr|mrs)[ \t]+)
        (?:{_PARTICLE}[ \t]+)?{_WORD}\.?{_MORE}{{0,4}}""",
    ),
    _rule(
        "NAME",
        rf"""(?P<keep>\b(?:don|do[ñn]a|(?-i:Ms)|miss|se[ñn]ora?|se[ñn]orita|doctora?|mister|madam|prof|profesora?
        |professor|nurse|enfermer[oa])[ \t]+)(?:{_PARTICLE}[ \t]+)?{_PROPER}{_MORE}{{0,4}}""",
    ),
    # A labelled field: up to four words, whatever their case, to the end of the field.
    _rule(
        "NAME",
        rf"""(?P<keep>\b{_FIELD}[ \t]*[:=][ \t]*){_WORD}(?:,?[ \t]+(?!{_FIELD}[ \t]*[:=]){_WORD}){{0,3}}""",
    ),
    # The same words without a colon, and phrases that introduce somebody: proper words only.
    _rule(
        "NAME",
        rf"""(?P<keep>\b(?:paciente|patient|madre|padre|mother|father|herman[oa]|brother|sister|hij[oa]|son|daughter|espos[oa]
        |wife|husband|marido|mujer|vecin[oa]|neighbou?r|cuidadora?|t[ií][oa]|uncle|aunt|abuel[oa]|se\s+llama|llamad[oa]
        |me\s+llamo|mi\s+nombre\s+es|my\s+name\s+is|is\s+called|named|nombre|atendid[oa]\s+por|visto\s+por|vista\s+por
        |seen\s+by|referred\s+by|remitid[oa]\s+por|firmado\s+por|signed\s+by|acompa[ñn]ad[oa]\s+(?:de|por)
        |accompanied\s+by|informa|refiere)[ \t]+(?:(?:de|a|es|is)[ \t]+)?){_PROPER}{_MORE}{{0,4}}""",
    ),
)
