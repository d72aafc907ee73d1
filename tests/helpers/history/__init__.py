"""The scheduler's promises, checked against what a Prefect server remembers.

Runs of jobs and workflows with all their states are read through the API (`reading`), turned into
plain values (`records`) and looked at by pure checks, one file a promise (`checking` calls them
all). None of it uses the scheduler's own code: what is checked and what checks share nothing but
the names of deployments, labels and states.

`python -m tests.helpers.history API_URL` prints a report and exits 1 where a promise was broken.

**What the times mean.** A client cannot send a time with a state (Prefect's `StateCreate` has no
such field): the server mints id and timestamp from its own clock when it handles the request, for
forced states, for those of workers and flows, and for "Resuming" alike. So all times are of one
clock, that of the server's machine, and whatever was done because of a state has a later time than
that state. Two things remain:

- The time is minted before the run's row is locked. Of two changes of one run that are asked for at
  the same moment the one with the earlier time may take effect last. The run names its current
  state: where that is not the latest by time it is put last, and an inversion is counted. The API
  shows no sequence number, so states that are no longer current cannot be put right.
- The server moves a state that has the very time of another of its run by 1 µs; those of different
  runs may tie. Stretches of time are half-open, so one may begin the moment another ends.

`TOLERANCE_S` (records.py) allows for overlaps of a known clock error; it is 0: none is known.
"""
