-- Share of encounters in which a field is missing, by field, site and quarter. `pregnant` is missing when unknown,
-- `findings` when the encounter has none, present or excluded.
--
-- Cells of fewer than 5 patients are left out; counts are rounded to the nearest 5, shares to whole percent. Where
-- fewer than 5 encounters (but not none) miss the field, or have it, both figures are null: they would single those
-- encounters out.
WITH presence AS (
    SELECT 'age_years' AS field, site, period, patient_id, CASE WHEN age_years IS NULL THEN 1 ELSE 0 END AS gap FROM encounters
    UNION ALL
    SELECT 'sex' AS field, site, period, patient_id, CASE WHEN sex IS NULL THEN 1 ELSE 0 END AS gap FROM encounters
    UNION ALL
    SELECT 'pregnant' AS field, site, period, patient_id, CASE WHEN pregnant = 'unknown' THEN 1 ELSE 0 END AS gap FROM encounters
    UNION ALL
    SELECT 'visit_type' AS field, site, period, patient_id, CASE WHEN visit_type IS NULL THEN 1 ELSE 0 END AS gap FROM encounters
    UNION ALL
    SELECT 'fever' AS field, site, period, patient_id, CASE WHEN fever IS NULL THEN 1 ELSE 0 END AS gap FROM encounters
    UNION ALL
    SELECT 'pain' AS field, site, period, patient_id, CASE WHEN pain IS NULL THEN 1 ELSE 0 END AS gap FROM encounters
    UNION ALL
    SELECT 'days' AS field, site, period, patient_id, CASE WHEN days IS NULL THEN 1 ELSE 0 END AS gap FROM encounters
    UNION ALL
    SELECT 'comorbidity' AS field, site, period, patient_id, CASE WHEN comorbidity IS NULL THEN 1 ELSE 0 END AS gap FROM encounters
    UNION ALL
    SELECT 'temperature_c' AS field, site, period, patient_id, CASE WHEN temperature_c IS NULL THEN 1 ELSE 0 END AS gap FROM encounters
    UNION ALL
    SELECT 'heart_rate' AS field, site, period, patient_id, CASE WHEN heart_rate IS NULL THEN 1 ELSE 0 END AS gap FROM encounters
    UNION ALL
    SELECT 'respiratory_rate' AS field, site, period, patient_id, CASE WHEN respiratory_rate IS NULL THEN 1 ELSE 0 END AS gap FROM encounters
    UNION ALL
    SELECT 'systolic_bp' AS field, site, period, patient_id, CASE WHEN systolic_bp IS NULL THEN 1 ELSE 0 END AS gap FROM encounters
    UNION ALL
    SELECT 'diastolic_bp' AS field, site, period, patient_id, CASE WHEN diastolic_bp IS NULL THEN 1 ELSE 0 END AS gap FROM encounters
    UNION ALL
    SELECT 'spo2' AS field, site, period, patient_id, CASE WHEN spo2 IS NULL THEN 1 ELSE 0 END AS gap FROM encounters
    UNION ALL
    SELECT 'findings' AS field, site, period, patient_id, CASE WHEN findings = 0 THEN 1 ELSE 0 END AS gap FROM encounters
    UNION ALL
    SELECT 'state' AS field, site, period, patient_id, CASE WHEN state IS NULL THEN 1 ELSE 0 END AS gap FROM encounters
    UNION ALL
    SELECT 'rare' AS field, site, period, patient_id, CASE WHEN rare IS NULL THEN 1 ELSE 0 END AS gap FROM encounters
    UNION ALL
    SELECT 'diagnosis_code' AS field, site, period, patient_id, CASE WHEN diagnosis_code IS NULL THEN 1 ELSE 0 END AS gap FROM encounters
    UNION ALL
    SELECT 'label_date' AS field, site, period, patient_id, CASE WHEN label_date IS NULL THEN 1 ELSE 0 END AS gap FROM encounters
    UNION ALL
    SELECT 'region' AS field, site, period, patient_id, CASE WHEN region IS NULL THEN 1 ELSE 0 END AS gap FROM encounters
),
cells AS (
    SELECT
        field,
        site,
        period,
        COUNT(*) AS encounters,
        SUM(gap) AS gaps,
        SUM(gap) BETWEEN 1 AND 4 OR COUNT(*) - SUM(gap) BETWEEN 1 AND 4 AS singles_out
    FROM presence
    GROUP BY field, site, period
    HAVING COUNT(DISTINCT patient_id) >= 5
)
SELECT
    field,
    site,
    period,
    CAST(5 * ROUND(encounters / 5.0) AS BIGINT) AS encounters,
    CASE WHEN singles_out THEN NULL ELSE CAST(5 * ROUND(gaps / 5.0) AS BIGINT) END AS missing,
    CASE WHEN singles_out THEN NULL ELSE ROUND(1.0 * gaps / encounters, 2) END AS missing_share
FROM cells
