from raretriage.release.hazards import hazards


def test_simulated_training_is_a_hazard_only_where_it_was() -> None:
    only = {h.name for h in hazards(simulated=True)} - {h.name for h in hazards(simulated=False)}
    assert only == {"Training on simulated patients"}


def test_every_hazard_says_what_lessens_it_and_what_the_site_must_do() -> None:
    found = hazards(simulated=True)
    assert len(found) >= 9
    assert all(h.harm and h.lessened and h.site for h in found)
    assert len({h.name for h in found}) == len(found)
