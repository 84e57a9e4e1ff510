-- Encounters and patients by clinical state, rarity, site and calendar quarter. Unlabelled encounters have no state.
--
-- Cells of fewer than 5 patients are left out, whatever their number of encounters. There is deliberately no view of
-- totals beside this one: a total minus the cells that are shown would give a suppressed cell away.
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
