"""Made-up phenopackets."""

from collections.abc import Mapping


def packet(
    name: str,
    disease: str,
    *observed: str,
    excluded: tuple[str, ...] = (),
    paper: str = "",
    onset: Mapping[str, object] | None = None,
    age: str = "",
) -> dict[str, object]:
    """One case, as far as the ranking reads it."""
    subject: dict[str, object] = {"id": name, "sex": "FEMALE"}
    if age:
        subject["timeAtLastEncounter"] = {"age": {"iso8601duration": age}}
    return {
        "id": name,
        "subject": subject,
        "phenotypicFeatures": [
            *({"type": {"id": t}} for t in observed),
            *({"type": {"id": t}, "excluded": True} for t in excluded),
        ],
        "interpretations": [{"progressStatus": "SOLVED", "diagnosis": {"disease": {"id": disease}}}],
        "diseases": [{"term": {"id": disease}, **({"onset": dict(onset)} if onset else {})}],
        "metaData": {"externalReferences": [{"id": f"PMID:{paper}"}] if paper else []},
    }
