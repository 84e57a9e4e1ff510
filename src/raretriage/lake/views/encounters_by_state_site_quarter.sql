-- Encounters and patients by clinical state, rarity, site and calendar quarter. Unlabelled encounters have no state.
--
-- Cells of fewer than 5 patients are left out, whatever their number of encounters. The other views round their totals
-- to the nearest 5: an exact total minus the cells that are shown here would give a suppressed cell away.
SELECT
    state,
    rare,
    site,
    period,
    COUNT(*) AS encounters,
    COUNT(DISTINCT patient_id) AS patients
FROM encounters
GROUP BY state, rare, site, period
HAVING COUNT(DISTINCT patient_id) >= 5
