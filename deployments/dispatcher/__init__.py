"""The dispatcher: carries out on a Prefect server what `slideloom.scheduling.decide` decides."""
