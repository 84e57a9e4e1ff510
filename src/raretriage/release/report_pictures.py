"""Which picture stands where, under which words."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from raretriage.release.document import Picture
from raretriage.release.facts import RunFacts

OTHER = "further"
"""Where a picture stands that nobody has described yet: nothing that the run drew is left out."""

# By file name: section, caption, what it shows for those who do not see it.
_WORDS: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        **{
            f"certificate_{tier}.png": (
                "certificate",
                f"Certificate of tier {tier}: lower bound of sensitivity and specificity at every threshold of the "
                f"grid, "
                "calibration patients.",
                f"Two curves against the threshold at tier {tier}: sensitivity's lower bound falls, specificity rises; "
                "the chosen threshold is marked where there is one. Its figures stand in the table of certificates.",
            )
            for tier in ("findings", "vitals", "basic")
        },
        "roc_rare.png": (
            "figures",
            "ROC of the rare probability, temporal test, tier findings.",
            "Sensitivity against false alerts for rare; the area and its interval stand in the table of the temporal "
            "test.",
        ),
        "precision_recall_rare.png": (
            "figures",
            "Precision and recall of the rare probability, temporal test, tier findings.",
            "Positive predictive value against sensitivity for rare; the area and its interval stand in the table of "
            "the "
            "temporal test.",
        ),
        "calibration_rare.png": (
            "figures",
            "Calibration of the rare probability in ten bins of equal count, temporal test, tier findings. A patient's "
            "encounters count as independent in the bins' intervals.",
            "Observed share of rare against the predicted probability, with the diagonal of a perfect calibration.",
        ),
        "score_histogram_rare.png": (
            "figures",
            "Rare probability of rare patients and of all others, each class adding up to 100 %, temporal test.",
            "Two histograms of the predicted probability: the others lie near 0, the rare are spread to the right.",
        ),
        "confusion_state.png": (
            "figures",
            "True state against the likeliest one, before any NO SEGURO, temporal test, tier findings.",
            "A four by four table of counts and shares; recall of each state stands in the table of the temporal test.",
        ),
        "decision_curve_rare.png": (
            "decision",
            "Net benefit against the threshold probability, at the patients' own share of rare and reweighted to 1 % "
            "and "
            "0.1 %, probabilities moved to that prevalence by Bayes' rule (Vickers & Elkin 2006, Med Decis Making "
            "26:565).",
            "Three panels with net benefit by the probability, at the certified threshold, of evaluating all, and of "
            "evaluating nobody.",
        ),
        "subgroups.png": (
            "subgroups",
            "Sensitivity, specificity and ROC-AUC for rare by subgroup; the dotted line is everybody.",
            "A line a subgroup with its interval and n; the same figures stand in the tables of subgroups.",
        ),
        "unsure_rate.png": (
            "unsure",
            "How often the answer is NO SEGURO, by true state and input tier.",
            "Bars with intervals; the same figures stand in the table of the temporal test.",
        ),
        "set_coverage.png": (
            "unsure",
            "How often the true state stays possible, by state and input tier.",
            "Marks with intervals around the promised share; the same figures stand in the table of the temporal test.",
        ),
    }
)


def pictures(facts: RunFacts, section: str) -> Iterator[Picture]:
    """Those of a section, in the order of the table above; unknown ones by name."""
    for name, (place, caption, alt) in _WORDS.items():
        if place == section and name in facts.plots:
            yield Picture(name, facts.plots[name], caption, alt)
    if section == OTHER:
        for name in sorted(set(facts.plots) - set(_WORDS)):
            words = name.rsplit(".", 1)[0].replace("_", " ")
            yield Picture(name, facts.plots[name], f"{words[:1].upper()}{words[1:]}.", f"Picture of {words}.")
