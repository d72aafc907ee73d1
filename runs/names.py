"""Names that deployments, workers, dispatcher and clients agree on."""

CONTROL, JOBS, GPU = "control", "jobs", "gpu"
"""Work pools: workflows and housekeeping; jobs that orchestrate; shards that load a model."""

WORKER_TYPE = "warm"

RUN_WORKFLOW = "run_workflow/run-workflow"
"""The one public deployment; all others are internal."""
SEGMENT_JOB = "segment_cells/job"
TISSUE_JOB = "tissue_mask/job"
SHARD = "segment_shard/shard"
SUBMIT_INBOX = "submit_inbox/inbox"
REAPER = "reap_stale_runs/reaper"

JOB_DEPLOYMENTS = {"segment_cells": SEGMENT_JOB, "tissue_mask": TISSUE_JOB}
"""Deployment of each kind of job."""

PLACES = "slideloom_places"
"""Prefect variable that holds the tenants' places."""

VERSION = "slideloom_version"
"""Prefect variable that holds the version of slideloom that registered last."""

GPU_TAG = "gpu"


def gpu_tenant_tag(tenant: str) -> str:
    """Tag that counts a tenant's shards."""
    return f"gpu-tenant:{tenant}"


def tenant_tag(tenant: str) -> str:
    """Tag of all flow runs of a tenant."""
    return f"tenant:{tenant}"


def workflow_tag(workflow: object) -> str:
    """Tag of all flow runs of a workflow, by the id of its run."""
    return f"workflow:{workflow}"


def job_tag(job: object) -> str:
    """Tag of a job's shards, by the id of its run."""
    return f"job:{job}"


def branch_tag(branch: str) -> str:
    """Tag of the jobs of a branch."""
    return f"branch:{branch}"


def kind_tag(kind: str) -> str:
    """Tag of the jobs of a kind."""
    return f"kind:{kind}"


WAITING = "waiting:"
"""Prefix of the tag that says why a queued job waits."""
