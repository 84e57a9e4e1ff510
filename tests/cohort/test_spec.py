import pytest

from raretriage.cohort import CohortSpec, LostFieldShift, NewSiteShift, SpecError, UnitShift


@pytest.mark.parametrize(
    ("wish", "fault"),
    [
        ({"patients": 0}, "patients: 0, expected 1 to"),
        ({"patients": 10_000_001}, "patients: 10000001"),
        ({"seed": -1}, "seed: -1"),
        ({"rare_share": -0.01}, "rare_share: -0.01"),
        ({"rare_share": 1.01}, "rare_share: 1.01, expected 0 to 1"),
        ({"healthy_share": 1.5}, "healthy_share"),
        ({"rare_share": 0.5, "healthy_share": 0.6}, "add up to 1.1"),
        ({"years": 0}, "years: 0"),
        ({"years": 51}, "years: 51"),
        ({"sites": ()}, "sites and regions"),
        ({"regions": ()}, "sites and regions"),
        ({"bad_share": 1.1}, "bad_share: 1.1, expected 0 to 1"),
        ({"sites": ("Norte", "Norte")}, "each name may be there once"),
        (
            {"sites": ("Norte",), "shifts": (NewSiteShift("2024Q1", name="Norte", share=0.1),)},
            "once, new sites included",
        ),
        (
            {"sites": ("Norte",), "shifts": (UnitShift("2024Q1", labelled=True, site="Sur"),)},
            "unit: no site 'Sur', expected one of Norte",
        ),
    ],
)
def test_a_wish_out_of_range_is_refused_with_its_range(wish: dict, fault: str) -> None:
    with pytest.raises(SpecError, match=fault):
        CohortSpec(**wish)


def test_the_bounds_themselves_are_allowed() -> None:
    assert CohortSpec(patients=1, seed=0, rare_share=0.4, healthy_share=0.6, years=1).patients == 1
    assert CohortSpec(patients=10_000_000, rare_share=0, healthy_share=0, years=50).years == 50


def test_fifteen_percent_rare_is_the_default_design() -> None:
    assert (CohortSpec().patients, CohortSpec().rare_share, CohortSpec().years) == (20_000, 0.15, 3)


def test_a_shift_may_name_a_site_that_opens_later() -> None:
    shifts = (LostFieldShift("2024Q3", field="pain", site="Sur"), NewSiteShift("2024Q1", name="Sur", share=0.1))
    spec = CohortSpec(sites=("Norte",), shifts=shifts)
    assert spec.all_sites == ("Norte", "Sur")
