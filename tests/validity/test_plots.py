import re
import xml.etree.ElementTree as ET

import pytest

from raretriage.validity.plots import Bar, ages_plot, durations_plot, findings_plot, intervals_plot, quarters_plot
from tests.validity.drawn import summary

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def pictures() -> dict[str, str]:
    bars = [Bar("a <b> & $c$ test", 0.5, 0.4, 0.6, 0.55, series="one"), Bar("another", 0.7, 0.6, 0.8, is_bad=True)]
    return {
        "ages": ages_plot(summary().ages, 'alt "quoted" & <tagged>'),
        "findings": findings_plot(summary().findings, "alt"),
        "durations": durations_plot(summary().classes, "alt"),
        "quarters": quarters_plot(summary().quarters, "alt"),
        "bars": intervals_plot(bars, "bars", "alt", axis="AUC"),
    }


def texts(svg: str) -> list[str]:
    return ["".join(element.itertext()).strip() for element in ET.fromstring(svg).iter(f"{SVG}text")]  # noqa: S314


def test_every_picture_is_one_svg_that_says_what_it_shows(pictures: dict[str, str]) -> None:
    for svg in pictures.values():
        root = ET.fromstring(svg)  # noqa: S314
        assert (root.tag, root.get("role")) == (f"{SVG}svg", "img")
        assert root.get("viewBox")
        assert root.get("width") is None
    assert ET.fromstring(pictures["ages"]).get("aria-label") == 'alt "quoted" & <tagged>'  # noqa: S314


def test_no_two_pictures_share_an_id_and_every_reference_is_to_an_own_one(pictures: dict[str, str]) -> None:
    seen: set[str] = set()
    for svg in pictures.values():
        ids = re.findall(r'\bid="([^"]+)"', svg)
        assert len(ids) == len(set(ids))
        assert not seen & set(ids)
        seen |= set(ids)
        used = re.findall(r'href="#([^"]+)"', svg) + re.findall(r"url\(#([^)]+)\)", svg)
        assert used
        assert set(used) <= set(ids)


def test_pictures_bring_no_address_and_no_font(pictures: dict[str, str]) -> None:
    for svg in pictures.values():
        addresses = set(re.findall(r"https?://[^\"'\s<]+", svg))
        assert addresses == {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
        assert "@font-face" not in svg


def test_labels_are_text_and_stand_as_they_were_given(pictures: dict[str, str]) -> None:
    assert "a <b> & $c$ test" in texts(pictures["bars"])
    assert {"healthy", "acute, rare", "chronic"} <= set(texts(pictures["durations"]))
    row = summary().ages[0]
    assert f"healthy, n = {sum(row.visits):,}" in texts(pictures["ages"])


def test_the_same_numbers_give_the_same_picture(pictures: dict[str, str]) -> None:
    assert quarters_plot(summary().quarters, "alt") == pictures["quarters"]


def test_bars_with_the_same_label_share_a_line() -> None:
    bars = [Bar("one", 0.5, 0.4, 0.6, series="a"), Bar("one", 0.9, 0.8, 0.95, series="b"), Bar("two", 0.5, 0.4, 0.6)]
    assert texts(intervals_plot(bars, "x", "alt", axis="AUC")).count("one") == 1
