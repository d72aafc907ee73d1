"""Who may run when: the workflow spec, the states of its jobs, and the rules of admission.

Pure: no orchestrator, no clock, no randomness without a seed. Whoever calls `decide` reads the
states, carries out what it says, and calls again when something has changed.
"""
