-- Days from the encounter to its label, by site, quarter and source of the label. Both dates are shifted by the same
-- number of days, so the delay is the real one.
--
-- Encounters without a label date are not counted. Cells of fewer than 5 patients are left out; counts are rounded to the
-- nearest 5.
SELECT
    site,
    period,
    label_source,
    CAST(5 * ROUND(COUNT(*) / 5.0) AS BIGINT) AS labelled,
    AVG(label_date - encounter_date) AS mean_days,
    PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY label_date - encounter_date) AS median_days
FROM encounters
WHERE label_date IS NOT NULL AND encounter_date IS NOT NULL
GROUP BY site, period, label_source
HAVING COUNT(DISTINCT patient_id) >= 5
