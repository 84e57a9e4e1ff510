"""What a figure is called where a reader sees it, and with how many digits."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from raretriage.bucket import Metric
from raretriage.domain import State


@dataclass(frozen=True, slots=True)
class FigureName:
    label: str
    digits: int = 3


_NAMES: Mapping[str, FigureName] = MappingProxyType(
    {
        "roc_auc_rare": FigureName("ROC-AUC, rare against the rest"),
        "pr_auc_rare": FigureName("PR-AUC, rare"),
        "sensitivity_rare": FigureName("Sensitivity for rare at the certified threshold"),
        "specificity_rare": FigureName("Specificity at the certified threshold"),
        "ppv_rare": FigureName("Positive predictive value, rare"),
        "npv_rare": FigureName("Negative predictive value, rare"),
        "alerts_per_1000": FigureName("Alerts per 1,000 patients", 0),
        "alerts_per_1000_at_1pct": FigureName("Alerts per 1,000, reweighted to 1 % rare", 0),
        "alerts_per_1000_at_0.1pct": FigureName("Alerts per 1,000, reweighted to 0.1 % rare", 0),
        "number_needed_to_evaluate": FigureName("Number needed to evaluate", 1),
        "brier_rare": FigureName("Brier score, rare"),
        "calibration_slope_rare": FigureName("Calibration slope, rare (1 is ideal)", 2),
        "calibration_intercept_rare": FigureName("Calibration intercept, rare (0 is ideal)", 2),
        "prevalence_rare": FigureName("Share of rare"),
        "roc_auc_state_macro_ovr": FigureName("ROC-AUC of the state, macro, one against rest"),
        "f1_state_macro": FigureName("F1 of the state, macro"),
        "f1_state_macro_rules": FigureName("F1 of the state, macro, written rules"),
        "f1_state_macro_minus_rules": FigureName("F1 of the state, macro: model minus rules"),
        "accuracy_state": FigureName("Accuracy of the state"),
        "accuracy_state_when_sure": FigureName("Accuracy of the state where it is not NO SEGURO"),
        "balanced_accuracy_state": FigureName("Balanced accuracy of the state"),
        "brier_state": FigureName("Brier score of the state"),
        "unsure_rate": FigureName("Answered NO SEGURO"),
        "set_coverage": FigureName("True state stays possible"),
        "false_alerts_common_from_annotations": FigureName("False alerts, common described by annotations"),
        "false_alerts_common_of_training": FigureName("False alerts, common as in training"),
        "missed_rare_written_as_common": FigureName("Missed, rare in the words of the common table"),
        "missed_rare_of_training": FigureName("Missed, rare as in training"),
        "roc_auc_rare_within_annotations": FigureName("ROC-AUC, rare, all described by annotations"),
        "roc_auc_rare_within_table": FigureName("ROC-AUC, rare, all described by the table"),
        "roc_auc_annotated_within_common": FigureName("ROC-AUC, annotated against table, common only"),
        "roc_auc_annotated_within_rare": FigureName("ROC-AUC, annotated against table, rare only"),
        "accuracy_state_of_training": FigureName("Accuracy of the state, diseases as in training"),
    }
)
_BY_STATE: Mapping[str, str] = MappingProxyType(
    {
        "recall_state": "Recall, {}",
        "f1_state": "F1, {}",
        "unsure_rate": "Answered NO SEGURO, {}",
        "set_coverage": "True state stays possible, {}",
    }
)
_ALL: Mapping[str, FigureName] = MappingProxyType(
    {
        **_NAMES,
        **{
            f"{prefix}_{state.value}": FigureName(words.format(state.value))
            for prefix, words in _BY_STATE.items()
            for state in State
        },
    }
)


_PLACES = {name: place for place, name in enumerate(_ALL)}
_NB = "\N{NO-BREAK SPACE}"
"""So that an interval is not torn apart in a narrow column."""


def place_of(name: str) -> tuple[int, str]:
    """Sorts figures for a reader: rare first, then the state, then what is not in the table, by name."""
    return _PLACES.get(name, len(_PLACES)), name


def percent(share: float) -> str:
    """A share without digits that it does not need.

    >>> percent(0.95), percent(0.001)
    ('95 %', '0.1 %')
    """
    return f"{100 * share:.3g} %"


def figure_name(name: str) -> FigureName:
    """The words for a metric; one that is not in the table keeps its own name.

    >>> figure_name("recall_state_mild").label, figure_name("something_new").label
    ('Recall, mild', 'something new')
    """
    return _ALL.get(name) or FigureName(name.replace("_", " "))


def number(value: float, digits: int) -> str:
    """With thousands apart and a true minus.

    >>> number(-1234.56, 1), number(-0.0001, 2)
    ('−1,234.6', '0.00')
    """
    written = f"{value:,.{digits}f}"
    return written.lstrip("-") if float(written.replace(",", "")) == 0 else written.replace("-", "−")


def value_of(metric: Metric) -> str:
    return number(metric.value, figure_name(metric.name).digits)


def interval_of(metric: Metric) -> str:
    digits = figure_name(metric.name).digits
    return f"{number(metric.low, digits)}{_NB}to{_NB}{number(metric.high, digits)}"


def cell(metric: Metric | None) -> str:
    """A figure with all it needs, in two lines; a dash where it was not measured."""
    return f"{value_of(metric)}\n{interval_of(metric)}; n{_NB}{metric.n:,}" if metric else "–"
