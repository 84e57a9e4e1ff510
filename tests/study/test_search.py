"""The search on a bench that only looks at the parameters: what it optimises is known, and nothing is fitted."""

import math
import warnings
from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from raretriage.study.search import KIND, search
from raretriage.training.candidates import parameters_of


@dataclass
class KnownBench:
    """The figure is the higher, the nearer `num_leaves` is to the best, whatever is fitted."""

    contract: object
    best_leaves: float
    seed: int = 3

    def answer(self, variant, head):
        assert head == "rare"
        model = variant.build(self.contract, head, self.seed)
        leaves = model["estimator"].get_params()["num_leaves"]
        value = 0.9 - 0.05 * abs(math.log(leaves / self.best_leaves))
        return SimpleNamespace(folds=[SimpleNamespace(roc_auc_rare=value + add) for add in (-0.01, 0.01)])


IN_USE = parameters_of(KIND, "rare")


def test_the_first_trial_is_the_parameters_in_use(contract):
    found = search(KnownBench(contract, 20), trials=3, seconds=600)
    _, parameters = found.trials[0]
    assert parameters == {name: IN_USE[name] for name in parameters}
    assert len(parameters) == 7


@pytest.mark.parametrize("best_leaves", [16, 20, 40, IN_USE["num_leaves"], 120])
def test_the_gain_is_what_was_won_over_the_first_and_never_a_loss(contract, best_leaves):
    found = search(KnownBench(contract, best_leaves), trials=6, seconds=600)
    values = [value for value, _ in found.trials]
    assert len(values) == 6
    assert found.value == max(values)
    assert found.gain == max(values) - values[0] >= 0
    assert dict(found.best) == dict(found.trials[values.index(max(values))][1])


def test_where_nothing_is_better_the_parameters_in_use_are_the_best(contract):
    found = search(KnownBench(contract, IN_USE["num_leaves"]), trials=6, seconds=600)
    assert (found.gain, found.best["num_leaves"]) == (0, IN_USE["num_leaves"])


def test_the_value_of_a_trial_is_the_mean_over_the_folds(contract):
    found = search(KnownBench(contract, IN_USE["num_leaves"]), trials=1, seconds=600)
    assert found.value == pytest.approx(0.9)


def test_the_same_bench_and_trials_find_the_same(contract):
    assert search(KnownBench(contract, 20), trials=5) == search(KnownBench(contract, 20), trials=5)
    assert search(KnownBench(contract, 20), trials=5) != search(KnownBench(contract, 20, seed=4), trials=5)


def test_without_any_time_the_parameters_in_use_are_tried_all_the_same(contract):
    found = search(KnownBench(contract, 20), trials=5, seconds=0)
    assert (len(found.trials), found.gain) == (1, 0)


def test_each_trial_is_one_step_and_the_terminal_stays_quiet(contract, capfd):
    ticks: list[int] = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        search(KnownBench(contract, 20), trials=4, progress=ticks.append)
    assert ticks == [1] * 4
    assert capfd.readouterr() == ("", "")
