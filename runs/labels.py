"""Labels of job runs: what the scheduler writes down on the run itself.

Prefect keeps labels as plain strings and numbers, merges what is written into what is there, and
hands them to workers with the run. They cannot be edited in its UI.
"""

TENANT = "slideloom.tenant"
WORKFLOW = "slideloom.workflow"
"""Id of the workflow's run."""
BRANCH = "slideloom.branch"
"""Number of the branch in the spec, from 0."""
INDEX = "slideloom.index"
"""Number of the job in its branch, from 0."""
JOBS = "slideloom.jobs"
"""How many jobs the workflow has; fewer are not looked at: the submission is not complete."""

ATTEMPT = "slideloom.attempt"
"""How often the job has been admitted."""
ADMITTED = "slideloom.admitted"
"""Id of the Queued state out of which it was admitted last: written before it is resumed."""
DISPATCHER = "slideloom.dispatcher"
"""Which dispatcher wrote that admission."""
NOT_BEFORE = "slideloom.not_before"
"""Seconds since 1970: it queues from then on."""
RETRIES = "slideloom.retries"
"""Automatic retries used up since somebody last asked for the job."""
RETRY_OF = "slideloom.retry_of"
"""Id of the ill end that is being retried: written before the run is queued again."""
ERROR = "slideloom.error"
"""Name of the error that no retry can help; empty: none."""

BAD_INPUT = "slideloom.bad_input"
"""On a shard's run: whether the error that it names is the caller's to mend."""

RESTARTS = "slideloom.restarts"
"""On a workflow's run: how often it was started again after its worker died."""
SUBMITTED = "slideloom.submitted"
"""On a workflow's run: digest of the spec as its author wrote it, which its key stands for."""
