"""Does a model learn medicine, or the fingerprint of a source? Tests on the simulated cohort that catch a cheat."""
