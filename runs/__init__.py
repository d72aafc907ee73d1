"""How workflows and jobs are held in Prefect: names, labels, states, admission records."""
