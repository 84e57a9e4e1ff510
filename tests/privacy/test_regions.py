import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raretriage.privacy import region_of


def region(postcode: str | None = None, admin_area: str | None = None, country: str | None = None) -> str | None:
    return region_of(postcode=postcode, admin_area=admin_area, country=country)


@pytest.mark.parametrize(
    ("postcode", "admin_area", "country", "expected"),
    [
        ("02118", "MA", "US", "US-MA"),
        ("66030", "Kansas", "US", "US-KS"),
        (None, "ANTIOQUIA", "Colombia", "CO-ANT"),
        (None, "Departamento de Antioquia", "CO", "CO-ANT"),
        ("110111", "Bogotá D.C.", "CO", "CO-DC"),
        (None, "bogota, d.c.", "COL", "CO-DC"),
        (None, "Comunidad de Madrid", "ES", "ES-MD"),
        (None, "Castilla-La Mancha", "España", "ES-CM"),
        (None, "Girona", "Spain", "ES-CT"),  # a province becomes its community
        ("08001", None, "ES", "ES-CT"),
        ("050001", None, "CO", "CO-ANT"),
        ("05001", None, "ES", "ES-CL"),
        (None, "US-MA", None, "US-MA"),
        (None, None, "US", "US"),
    ],
)
def test_vetted_areas_become_their_iso_code(
    postcode: str | None, admin_area: str | None, country: str | None, expected: str
) -> None:
    assert region(postcode, admin_area, country) == expected


@pytest.mark.parametrize(
    ("postcode", "admin_area", "country"),
    [
        (None, None, None),
        ("28013", None, None),  # Madrid or anywhere
        (None, "CO", None),  # Colorado or Colombia
        (None, "Córdoba", None),  # in Argentina, Colombia, Mexico and Spain
        (None, "Massachusetts", None),
        (None, "Calle Mayor 3", None),
        (None, "Ana Ejemplo", None),
        (None, "Massachusetts", "Narnia"),
        (None, "US-MA", "Narnia"),
        ("10115", "Berlin", "DE"),
    ],
)
def test_what_is_not_vetted_is_nothing(postcode: str | None, admin_area: str | None, country: str | None) -> None:
    assert region(postcode, admin_area, country) is None


@pytest.mark.parametrize(
    ("postcode", "admin_area", "country"),
    [
        ("02118", None, "US"),  # no digit of a US postcode is read
        ("2801", None, "ES"),
        ("2801A", None, "ES"),
        ("99999", None, "ES"),
        ("11011", None, "CO"),
        (None, "Ana Ejemplo", "US"),
    ],
)
def test_of_an_unvetted_area_the_country_alone_is_left(
    postcode: str | None, admin_area: str | None, country: str
) -> None:
    assert region(postcode, admin_area, country) in {"US", "ES", "CO"}


@settings(deadline=None)
@given(postcode=st.none() | st.text(max_size=8), admin_area=st.none() | st.text(), country=st.none() | st.text())
def test_no_input_text_passes_as_it_is(postcode: str | None, admin_area: str | None, country: str | None) -> None:
    result = region(postcode, admin_area, country)
    assert result is None or result.split("-")[0] in {"US", "CO", "ES"}


@settings(deadline=None)
@given(digits=st.from_regex(r"\d{5}", fullmatch=True))
def test_no_digit_of_a_postcode_comes_out(digits: str) -> None:
    for country in ("ES", "US"):
        result = region(digits, None, country)
        assert result is not None
        assert not any(character.isdigit() for character in result)
