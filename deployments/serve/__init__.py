"""`slideloom serve`: database, Prefect server, dispatcher and workers, run by one command."""
