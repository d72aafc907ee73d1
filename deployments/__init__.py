"""How slideloom is run: the command line, and later deployments, workers and the dispatcher."""
