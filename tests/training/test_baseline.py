import pytest

from raretriage.domain import Presentation, State
from raretriage.features import columns_of
from raretriage.training.baseline import ruled_states


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"fever": 0.5, "pain": 1, "days": 0}, State.HEALTHY),
        ({"fever": 2, "pain": 3, "days": 3}, State.MILD),
        ({"fever": 6, "pain": 6, "days": 10, "comorbidity": 1}, State.ACUTE),
        ({"fever": 4, "pain": 4, "days": 45}, State.CHRONIC),
        ({"fever": 5, "pain": 5, "days": 10, "comorbidity": 1, "age_years": 70}, State.ACUTE),
        ({}, State.HEALTHY),
    ],
)
def test_the_rules_say_of_an_encounter_what_they_say_of_todays_request(known, expected):
    others = [Presentation(fever=10, pain=10, days=100), Presentation()]
    ruled = ruled_states(columns_of([others[0], Presentation(**known), others[1]]))
    assert [list(State)[position] for position in ruled] == [State.CHRONIC, expected, State.HEALTHY]
