import json
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, fields, replace
from datetime import date
from typing import get_args

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raretriage.cohort import (
    Catalogue,
    Chunk,
    CodingShift,
    CohortSpec,
    LostFieldShift,
    NewSiteShift,
    PrevalenceShift,
    SeasonShift,
    Shift,
    SpecError,
    UnitShift,
    chunk_count,
    load_shifts,
    sample_chunk,
)
from raretriage.cohort.catalogue import CHANNELS
from raretriage.cohort.fhir_export import Exporter, organizations
from raretriage.cohort.profiles import ICD_10
from raretriage.cohort.shifting import reassigned, visit_quarters
from raretriage.cohort.shifts import Sent, quarter_number

# Two years from the first quarter of 2022; every shift here begins with the second year, unless it says otherwise.
SPEC = CohortSpec(patients=2_500, seed=17, years=2, bad_share=0)
START = "2023Q1"
NORTH = SPEC.sites[0]

EVERY_KIND: tuple[Shift, ...] = (
    PrevalenceShift(START, factor=3),
    SeasonShift(START, quarters=(2, 3), amplitude=3),
    CodingShift(START, exact=1, coarser=0, snomed=1),
    UnitShift(START, labelled=False),
    LostFieldShift(START, field="days"),
    NewSiteShift(START, name="Hospital Nuevo", share=0.3, exact=0.9, snomed=0.9, extra_missing=0.4),
)


def name_of(shift: Shift) -> str:
    return shift.kind


class World:
    """A sampled cohort as arrays over all visits."""

    def __init__(self, catalogue: Catalogue, *shifts: Shift, spec: CohortSpec = SPEC) -> None:
        self.spec = replace(spec, shifts=shifts)
        self.catalogue = catalogue
        self.chunks = [sample_chunk(self.spec, catalogue, n) for n in range(chunk_count(spec))]
        self.quarter = visit_quarters(self.spec, self("day"))
        self.late = self.quarter >= quarter_number(START)
        self.is_first = np.concatenate([np.diff(c.visits.patient, prepend=-1) > 0 for c in self.chunks])
        self.disease = self("disease")

    def __call__(self, name: str) -> np.ndarray:
        def get(chunk: Chunk) -> np.ndarray:
            for holder in (chunk.visits, chunk.visits.measured, chunk.visits.recorded):
                if name in {field.name for field in fields(holder)}:
                    return getattr(holder, name)
            raise KeyError(name)

        return np.concatenate([get(chunk) for chunk in self.chunks])

    def share(self, of: np.ndarray, among: np.ndarray) -> float:
        return float(of[among].mean())

    def resources(self) -> list[dict]:
        exporter = Exporter(self.spec, self.catalogue)
        return [resource for chunk in self.chunks[:2] for resource in exporter.resources(chunk)]


@pytest.fixture(scope="module")
def plain(catalogue: Catalogue) -> World:
    return World(catalogue)


@pytest.fixture(scope="module")
def plain_resources(plain: World) -> list[dict]:
    return plain.resources()


def before(resources: list[dict], day: str) -> list[bytes]:
    """What belongs to visits before a day: all their parts, their patients, and those patients' problem lists."""
    early = {
        r["id"]: r["subject"]["reference"]
        for r in resources
        if r["resourceType"] == "Encounter" and r["period"]["start"] < day
    }
    seen = set(early.values())

    def is_early(resource: dict) -> bool:
        kind = resource["resourceType"]
        if kind == "Patient":
            return f"Patient/{resource['id']}" in seen
        name = resource["id"] if kind == "Encounter" else resource.get("encounter", {}).get("reference", "")[10:]
        return name in early if name else resource["subject"]["reference"] in seen

    return [orjson.dumps(resource) for resource in resources if is_early(resource)]


# What does not move


@pytest.mark.parametrize("shifts", [*[(s,) for s in EVERY_KIND], EVERY_KIND], ids=[*map(name_of, EVERY_KIND), "all"])
def test_nothing_before_the_quarter_changes(
    catalogue: Catalogue, plain_resources: list[dict], shifts: tuple[Shift, ...]
) -> None:
    shifted = World(catalogue, *shifts).resources()
    early = before(plain_resources, "2023-01-01")
    assert len(early) > 5_000
    assert before(shifted, "2023-01-01") == early
    assert shifted != plain_resources


def test_a_shift_after_the_end_changes_no_byte(catalogue: Catalogue, plain_resources: list[dict]) -> None:
    late = [replace(shift, start="2024Q1") for shift in EVERY_KIND]
    assert World(catalogue, *late).resources() == plain_resources


def test_a_shift_from_the_first_quarter_on_reaches_everybody(catalogue: Catalogue) -> None:
    world = World(catalogue, LostFieldShift("2022Q1", field="spo2"))
    assert np.isnan(world("spo2")).all()


# How often a disease brings people


def test_rare_diseases_become_as_frequent_as_asked_for_and_the_others_keep_their_proportions(
    catalogue: Catalogue, plain: World
) -> None:
    world = World(catalogue, PrevalenceShift(START, factor=3))
    first = world.late & world.is_first
    rare = (world.disease >= 0) & catalogue.rare[world.disease]
    assert 0.40 < world.share(rare, first) < 0.50
    assert 0.13 < world.share(world.disease < 0, first) < 0.20  # 0.25 * 0.55 / 0.85 = 0.162
    assert plain.share((plain.disease >= 0) & catalogue.rare[plain.disease], first) < 0.19
    # whoever need not change stays: 30 of 85 others do
    assert 0.60 < (world.disease == plain.disease)[first].mean() < 0.80


def test_a_factor_of_nothing_ends_rare_diseases(catalogue: Catalogue) -> None:
    world = World(catalogue, PrevalenceShift(START, factor=0))
    rare = (world.disease >= 0) & catalogue.rare[world.disease]
    assert not rare[world.late & world.is_first].any()
    assert rare[~world.late].any()


@pytest.mark.parametrize("by", ["disease", "group"])
def test_one_disease_becomes_more_frequent(catalogue: Catalogue, plain: World, by: str) -> None:
    row = int(np.argmax(np.where(catalogue.rare | (catalogue.state == 3), 0, catalogue.weight)))
    world = World(catalogue, PrevalenceShift(START, factor=10, **{by: getattr(catalogue.profiles[row], by)}))
    for among, least in ((world.late & world.is_first, 4), (world.late & ~world.is_first, 2)):
        assert world.share(world.disease == row, among) > least * plain.share(plain.disease == row, among)
    others = world.late & world.is_first & (world.disease != row) & (world.disease >= 0)
    healthy = world.late & world.is_first & (world.disease < 0)
    assert healthy.sum() / (healthy.sum() + others.sum()) == pytest.approx(0.25, abs=0.04)


def test_patients_of_a_shift_have_the_age_and_sex_of_their_new_disease(catalogue: Catalogue) -> None:
    world = World(catalogue, PrevalenceShift(START, factor=6))
    for chunk in world.chunks:
        disease = chunk.patients.disease
        ill = (disease >= 0) & ~catalogue.pregnancy[disease]
        low, high = catalogue.age_limits[disease[ill]].T
        assert ((chunk.patients.age_years[ill] >= low) & (chunk.patients.age_years[ill] <= high)).all()
        of_one_sex = ill & (catalogue.sex[disease] >= 0)
        assert (chunk.patients.is_male[of_one_sex] == catalogue.sex[disease[of_one_sex]]).all()
        first = np.searchsorted(chunk.visits.patient, np.arange(len(disease)))
        assert (chunk.visits.disease[first] == disease).all()
        assert (chunk.visits.age_years[first] == chunk.patients.age_years).all()


def test_a_season_brings_its_diseases_in_its_quarters_alone(catalogue: Catalogue, plain: World) -> None:
    world = World(catalogue, SeasonShift(START, quarters=(2, 4), amplitude=3))
    coded = np.array([any(c.system == ICD_10 and c.code[0] == "J" for c in p.codes) for p in catalogue.profiles])
    airways = coded & ~catalogue.rare
    has = {w: (w.disease >= 0) & airways[w.disease] for w in (world, plain)}
    season = world.late & np.isin(world.quarter % 4 + 1, (2, 4))
    for among in (season & world.is_first, season & ~world.is_first):
        assert world.share(has[world], among) > 1.7 * plain.share(has[plain], among)
    np.testing.assert_array_equal(world.disease[~season & world.is_first], plain.disease[~season & world.is_first])


def test_a_season_may_be_of_listed_codes(catalogue: Catalogue, plain: World) -> None:
    most = max((p for p in catalogue.profiles if not p.rare), key=lambda profile: profile.weight)
    code = most.codes[0].code
    world = World(catalogue, SeasonShift(START, quarters=(1, 2, 3, 4), amplitude=0, codes=(code,)))
    meant = np.array([any(c.code.startswith(code) for c in p.codes) for p in catalogue.profiles]) & ~catalogue.rare
    ill = (world.disease >= 0) & world.late & world.is_first
    assert not meant[world.disease[ill]].any()
    assert meant[plain.disease[(plain.disease >= 0) & plain.late & plain.is_first]].any()


def test_two_shifts_of_one_disease_multiply(catalogue: Catalogue) -> None:
    twice = World(catalogue, PrevalenceShift(START, factor=2), PrevalenceShift("2023Q3", factor=2))
    rare = (twice.disease >= 0) & catalogue.rare[twice.disease]
    last = twice.is_first & (twice.quarter >= quarter_number("2023Q3"))
    assert 0.54 < twice.share(rare, last) < 0.66


@pytest.mark.parametrize(
    ("shift", "fault"),
    [
        (
            PrevalenceShift(START, factor=2, disease="acute_nasopharingitis"),
            "disease: no disease .*did you mean 'acute_n",
        ),
        (PrevalenceShift(START, factor=2, group="nothing like it"), "group: no disease"),
        (
            PrevalenceShift(START, factor=11),
            r"11 times a share of 0\.15 is more than everybody; expected at most 6\.67 times",
        ),
        (SeasonShift(START, quarters=(1,), amplitude=2, codes=("ZZ",)), "codes: no disease of the catalogue has 'ZZ'"),
    ],
)
def test_a_shift_that_the_catalogue_cannot_meet_is_refused(catalogue: Catalogue, shift: Shift, fault: str) -> None:
    with pytest.raises(SpecError, match=fault):
        sample_chunk(replace(SPEC, shifts=(shift,)), catalogue, 0)


@given(st.lists(st.integers(1, 50), min_size=3, max_size=6), st.randoms(use_true_random=False))
def test_reassigning_gives_the_shares_asked_for_and_changes_no_more_than_needed(weights: list[int], chance) -> None:
    before_ = np.array(weights, dtype=float) / sum(weights)
    after = before_.copy()
    chance.shuffle(after)
    n, healthy = 20_000, len(weights) - 1
    disease = np.random.default_rng(1).choice(len(weights), n, p=before_)
    disease[disease == healthy] = -1
    result = reassigned(np.random.default_rng(2), disease, np.full(n, 5), before_, {5: after})
    found = np.bincount(np.where(result == -1, healthy, result), minlength=len(weights)) / n
    np.testing.assert_allclose(found, after, atol=0.025)
    # the least share that has to move is the distance of the two distributions
    assert (result != disease).mean() == pytest.approx(np.abs(after - before_).sum() / 2, abs=0.02)
    untouched = reassigned(np.random.default_rng(2), disease, np.full(n, 4), before_, {5: after})
    np.testing.assert_array_equal(untouched, disease)


# How it is written, measured and sent


def test_another_habit_changes_what_is_written_and_not_the_patient(catalogue: Catalogue, plain: World) -> None:
    world = World(catalogue, CodingShift(START, exact=0, coarser=1, site=NORTH))
    rows = world.late & (world("site") == 0)
    changed = (world("observed") != plain("observed")).any(axis=1)
    assert changed[rows].mean() > 0.6
    assert not changed[~rows].any()
    # nobody is said not to have what is now written, so a few denials give way
    assert (world("excluded") != plain("excluded")).mean() < 0.005
    for name in ("disease", "severity", "days", "finding_onset", *CHANNELS):
        same = ~changed if name == "finding_onset" else slice(None)
        np.testing.assert_array_equal(world(name)[same], plain(name)[same], err_msg=name)


def findings(resources: list[dict]) -> list[dict]:
    return [r for r in resources if r.get("category", [{}])[0].get("coding", [{}])[0].get("code") == "exam"]


def test_the_share_of_snomed_ct_moves_at_its_site(catalogue: Catalogue) -> None:
    world = World(catalogue, CodingShift("2022Q1", snomed=1, site=NORTH))
    resources = world.resources()
    at_north = {
        r["id"] for r in resources if r["resourceType"] == "Encounter" and r["serviceProvider"]["display"] == NORTH
    }
    has_code = {label for label, code in zip(catalogue.terms.labels, catalogue.terms.snomed, strict=True) if code}
    found = Counter(
        (r["encounter"]["reference"][10:] in at_north, "snomed" in r["code"]["coding"][0]["system"])
        for r in findings(resources)
        if r["code"]["coding"][0]["display"] in has_code
    )
    assert found[True, False] == 0 < found[True, True]
    assert 0.2 < found[False, True] / (found[False, True] + found[False, False]) < 0.3


@pytest.mark.parametrize("labelled", [True, False])
def test_temperatures_are_sent_in_fahrenheit_with_or_without_saying_so(
    catalogue: Catalogue, plain_resources: list[dict], labelled: bool
) -> None:
    def sent(resources: list[dict]) -> dict[str, dict]:
        return {
            r["id"]: r["valueQuantity"]
            for r in resources
            if r["resourceType"] == "Observation" and r["code"]["coding"][0]["code"] == "8310-5"
        }

    usual = sent(plain_resources)
    shifted = sent(World(catalogue, UnitShift("2022Q1", labelled=labelled)).resources())
    assert shifted.keys() == usual.keys()
    for name, quantity in shifted.items():
        assert quantity["value"] == pytest.approx(usual[name]["value"] * 9 / 5 + 32, abs=0.051)
        expected = ("°F", "[degF]") if labelled else ("°C", "Cel")
        assert (quantity["unit"], quantity["code"]) == expected


@pytest.mark.parametrize("field", get_args(Sent))
def test_a_lost_field_is_never_sent_again_from_its_site(catalogue: Catalogue, plain: World, field: Sent) -> None:
    world = World(catalogue, LostFieldShift(START, field=field, site=NORTH))
    rows = world.late & (world("site") == 0)
    together = {"phenotypes": ("observed", "excluded", "finding_onset"), "days": ("days", "finding_onset")}
    names = together.get(field, (field,))
    for name in names:
        values, usual = world(name), plain(name)
        gone = values[rows] == -1 if np.issubdtype(values.dtype, np.integer) else np.isnan(values[rows])
        assert gone.all()
        np.testing.assert_array_equal(values[~rows], usual[~rows])
    others = {"observed", "days", "pregnant", *CHANNELS} - set(names)
    for name in others:
        np.testing.assert_array_equal(world(name), plain(name))


def test_half_a_blood_pressure_is_sent_as_half_a_panel(catalogue: Catalogue) -> None:
    resources = World(catalogue, LostFieldShift("2022Q1", field="diastolic_bp")).resources()
    panels = [r for r in resources if "component" in r]
    assert len(panels) > 500
    assert all([c["code"]["coding"][0]["code"] for c in p["component"]] == ["8480-6"] for p in panels)
    assert "null" not in json.dumps(panels)


def test_a_new_site_takes_its_share_and_has_habits_of_its_own(catalogue: Catalogue, plain: World) -> None:
    shift = NewSiteShift(START, name="Hospital Nuevo", share=0.4, exact=0, coarser=1, extra_missing=0.5)
    world = World(catalogue, shift)
    new = world("site") == len(SPEC.sites)
    assert not new[~world.late].any()
    assert 0.36 < world.share(new, world.late) < 0.44
    np.testing.assert_array_equal(world("site")[~new], plain("site")[~new])
    changed = (world("observed") != plain("observed")).any(axis=1)
    assert changed[new].mean() > 0.6
    assert not changed[~new].any()
    for name in ("temperature_c", "systolic_bp", "pain", "days"):
        was, is_ = np.isfinite(plain(name)), np.isfinite(world(name))
        assert 0.4 < is_[new].sum() / was[new].sum() < 0.6
        np.testing.assert_array_equal(is_[~new], was[~new])
    np.testing.assert_array_equal(np.isnan(world("systolic_bp")), np.isnan(world("diastolic_bp")))
    assert [o["name"] for o in organizations(world.spec)] == [*SPEC.sites, "Hospital Nuevo"]
    shown = {
        r["serviceProvider"]["display"]: r["serviceProvider"]["reference"]
        for r in world.resources()
        if r["resourceType"] == "Encounter"
    }
    assert shown["Hospital Nuevo"] == "Organization/site-5"


def test_a_shift_may_be_of_the_new_site(catalogue: Catalogue) -> None:
    opening = NewSiteShift(START, name="Hospital Nuevo", share=0.3)
    world = World(catalogue, opening, LostFieldShift("2023Q3", field="pain", site="Hospital Nuevo"))
    new = world("site") == 4
    last = world.quarter >= quarter_number("2023Q3")
    assert np.isnan(world("pain")[new & last]).all()
    assert np.isfinite(world("pain")[new & ~last]).mean() > 0.5


# The file


def as_toml(shift: Shift) -> str:
    given_ = {name: value for name, value in asdict(shift).items() if value is not None}
    return f"[[{shift.kind}]]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in given_.items())


STARTS = st.builds("{}Q{}".format, st.integers(2000, 2100), st.integers(1, 4))
NAMES = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=12)
SHARES = st.floats(0, 1, allow_subnormal=False)
MAYBE: Callable[[st.SearchStrategy], st.SearchStrategy] = lambda some: st.none() | some  # noqa: E731
SHIFTS = st.one_of(
    st.builds(PrevalenceShift, STARTS, st.floats(0, 1000), disease=MAYBE(NAMES)),
    st.builds(
        SeasonShift,
        STARTS,
        st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple),
        st.floats(0, 1000),
        st.lists(NAMES, min_size=1, max_size=3).map(tuple),
    ),
    st.builds(CodingShift, STARTS, exact=SHARES, coarser=MAYBE(SHARES), snomed=MAYBE(SHARES), site=MAYBE(NAMES)),
    st.builds(UnitShift, STARTS, labelled=st.booleans(), site=MAYBE(NAMES)),
    st.builds(LostFieldShift, STARTS, field=st.sampled_from(get_args(Sent)), site=MAYBE(NAMES)),
    st.builds(NewSiteShift, STARTS, NAMES, SHARES, exact=MAYBE(SHARES), extra_missing=SHARES),
)


@given(st.lists(SHIFTS, max_size=5))
def test_what_is_written_as_toml_is_read_back(shifts: list[Shift]) -> None:
    kinds = [shift.kind for shift in EVERY_KIND]
    in_order = sorted(shifts, key=lambda shift: kinds.index(shift.kind))
    assert load_shifts("\n".join(map(as_toml, shifts))) == tuple(in_order)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[[weather]]", r"\[\[weather\]\], expected one of prevalence, season, coding, unit, lost_field, new_site"),
        ("[unit]\nlabelled = true", r"unit: write it as \[\[unit\]\]"),
        ("[[unit]", "no TOML"),
        ('[[unit]]\nstart = "2024Q5"\nlabelled = true', r"\[\[unit\]\] number 1: start: '2024Q5', expected a quarter"),
        ("[[unit]]\nlabelled = true", r"\[\[unit\]\] number 1: start: Field required"),
        ('[[unit]]\nstart = "2024Q1"\nlabelled = 1', r"number 1: labelled: .*boolean"),
        (
            '[[unit]]\nstart = "2024Q1"\nlabelled = true\n[[unit]]\nstart = "2024Q1"\nlabelled = true\nunit = "K"',
            r"\[\[unit\]\] number 2: unit: ",
        ),
        ('[[lost_field]]\nstart = "2024Q1"\nfield = "weight"', r"field: .*'temperature_c'"),
        ('[[lost_field]]\nstart = "2024Q1"\nfield = "pain"\nwhere = "x"', r"number 1: where: "),
        ('[[prevalence]]\nstart = "2024Q1"\nfactor = "2"', "factor: .*number"),
        ('[[prevalence]]\nstart = "2024Q1"\nfactor = -0.1', "factor: -0.1, expected 0 to 1000"),
        ('[[prevalence]]\nstart = "2024Q1"\nfactor = 2\ndisease = "a"\ngroup = "b"', "disease and group: give one"),
        (
            '[[season]]\nstart = "2024Q1"\nquarters = [5]\namplitude = 2',
            r"quarters: \[5\], expected some of 1, 2, 3, 4",
        ),
        ('[[season]]\nstart = "2024Q1"\nquarters = []\namplitude = 2', r"quarters: \[\]"),
        ('[[season]]\nstart = "2024Q1"\nquarters = [1]\namplitude = 2\ncodes = [""]', "codes: expected beginnings"),
        ('[[coding]]\nstart = "2024Q1"', "exact, coarser, snomed: give at least one"),
        ('[[coding]]\nstart = "2024Q1"\nsnomed = 1.01', "snomed: 1.01, expected 0 to 1"),
        ('[[new_site]]\nstart = "2024Q1"\nname = " "\nshare = 0.1', "name: the new site needs one"),
        ('[[new_site]]\nstart = "2024Q1"\nname = "N"\nshare = 1.5', "share: 1.5, expected 0 to 1"),
        (
            '[[new_site]]\nstart = "2024Q1"\nname = "N"\nshare = 1\nextra_missing = 2',
            "extra_missing: 2, expected 0 to 1",
        ),
    ],
)
def test_a_faulty_file_is_refused_with_table_number_and_field(text: str, fault: str) -> None:
    with pytest.raises(SpecError, match=fault):
        load_shifts(text)


def test_quarters_are_those_of_the_calendar() -> None:
    days = np.array([0, 89, 90, 364, 365])
    first = quarter_number("2022Q1")
    assert (visit_quarters(CohortSpec(), days) - first).tolist() == [0, 0, 1, 3, 4]
    middle = CohortSpec(first_day=date(2021, 11, 15))
    assert (visit_quarters(middle, np.array([0, 46, 47])) - first).tolist() == [-1, -1, 0]
