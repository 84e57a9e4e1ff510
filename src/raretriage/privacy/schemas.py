"""The two sides of de-identification, as Arrow schemas.

`IDENTIFIED` is what a source yields: still with raw ids and dates, never written to disk by us. `ENCOUNTERS` is
what may land: the canonical encounter, one row each.
"""

import pyarrow as pa

_PHENOTYPE = pa.struct(
    [
        pa.field("hpo_id", pa.string(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("onset_days", pa.float64()),
    ]
)

_CLINICAL = [
    pa.field("sex", pa.string()),
    pa.field("pregnant", pa.string(), nullable=False),
    pa.field("visit_type", pa.string()),
    pa.field("fever", pa.float64()),
    pa.field("pain", pa.float64()),
    pa.field("days", pa.float64()),
    pa.field("comorbidity", pa.float64()),
    pa.field("temperature_c", pa.float64()),
    pa.field("heart_rate", pa.float64()),
    pa.field("respiratory_rate", pa.float64()),
    pa.field("systolic_bp", pa.float64()),
    pa.field("diastolic_bp", pa.float64()),
    pa.field("spo2", pa.float64()),
    pa.field("phenotypes", pa.list_(_PHENOTYPE), nullable=False),
]

_LABELS = [
    pa.field("state", pa.string()),
    pa.field("rare", pa.bool_()),
    pa.field("diagnosis_system", pa.string()),
    pa.field("diagnosis_code", pa.string()),
    pa.field("label_source", pa.string()),
]

# Where a row came from, so that a quarantined row can be found again at its source.
PROVENANCE = [
    pa.field("source_file", pa.string(), nullable=False),
    pa.field("source_line", pa.int64(), nullable=False),
    pa.field("records", pa.int64(), nullable=False),  # input records that this row stands for
]

IDENTIFIED = pa.schema(
    [
        pa.field("raw_encounter_id", pa.string(), nullable=False),
        pa.field("raw_patient_id", pa.string(), nullable=False),
        pa.field("birth_date", pa.date32()),
        pa.field("age_years", pa.float64()),  # used where there is no birth date
        pa.field("encounter_date", pa.date32()),
        pa.field("raw_site", pa.string()),  # organisation reference or name
        pa.field("postcode", pa.string()),
        pa.field("admin_area", pa.string()),  # state, department or region as the source names it
        pa.field("country", pa.string()),
        pa.field("complaint", pa.string()),
        pa.field("raw_label_date", pa.date32()),
        *_CLINICAL,
        *_LABELS,
        *PROVENANCE,
    ]
)

ENCOUNTERS = pa.schema(
    [
        pa.field("encounter_id", pa.string(), nullable=False),
        pa.field("patient_id", pa.string(), nullable=False),
        pa.field("encounter_date", pa.date32()),
        pa.field("period", pa.string()),
        pa.field("age_years", pa.float64()),
        pa.field("site", pa.string()),
        pa.field("region", pa.string()),
        *_CLINICAL,
        pa.field("complaint", pa.string()),  # scrubbed; null unless switched on
        *_LABELS,
        pa.field("label_date", pa.date32()),
        pa.field("key_id", pa.string(), nullable=False),  # which keyring made the pseudonyms
        pa.field("row_hash", pa.string(), nullable=False),  # SHA-256 of the content; equal rows are duplicates
    ]
)
