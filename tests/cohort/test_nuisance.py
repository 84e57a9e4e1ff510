from importlib import resources as package_files

import pytest

from raretriage.cohort import ProfileError
from raretriage.cohort.nuisance import load_nuisance


def shipped() -> str:
    return package_files.files("raretriage.cohort").joinpath("nuisance.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("excluded = [0.22,", "excluded = [0.32,", "findings.excluded: the shares add up to 1.1"),
        ("exact = 0.25", "exact = 1.25", "exact"),
        ("exact = 0.25", "", "exact"),
        ("exact = 0.25", "exact = 0.25\nsecret_cheat = 1", "secret_cheat"),
        ("crisis = 0.25", "crisis = 0.95", r"course.episodic[^:]*crisis and early add up to 1.05"),
        ("[findings]", "[findings", "nuisance.toml"),
    ],
)
def test_a_wrong_parameter_is_named(old: str, new: str, fault: str) -> None:
    assert shipped().count(old) == 1
    with pytest.raises(ProfileError, match=fault):
        load_nuisance(shipped().replace(old, new))


def test_every_shipped_parameter_names_its_source() -> None:
    lines = shipped().splitlines()
    groups = [line for line in lines if line.startswith("[")]
    assert sum(group.startswith("[course.") for group in groups) == 4
    assert sum("Source: estimate" in line for line in lines) >= 20
