"""Short ways to say a workflow."""

from slideloom.scheduling.decide import decide
from slideloom.scheduling.state import Branch, Decision, Job, JobState, Limits, Place, Workflow

LETTERS = {
    "p": JobState.PENDING,
    "r": JobState.RUNNING,
    "s": JobState.SUCCEEDED,
    "f": JobState.FAILED,
    "c": JobState.CANCELLED,
    "k": JobState.SKIPPED,
}


def workflow(tenant: str, created_s: float = 0.0, name: str = "", **branches: str) -> Workflow:
    """Branches as letters of their jobs' states, then what they need: `b="pp a"`.

    Jobs are called `<workflow>.<branch><index>`; a workflow is called after its tenant.
    """
    name = name or tenant
    made = []
    for branch, said in branches.items():
        letters, *needs = said.split()
        jobs = tuple(
            Job(f"{name}.{branch}{index}", LETTERS[letter]) for index, letter in enumerate(letters)
        )
        made.append(Branch(branch, jobs, tuple(needs)))
    return Workflow(name, tenant, created_s, tuple(made))


def letters(flow: Workflow) -> dict[str, str]:
    """The states back as letters."""
    said = {state: letter for letter, state in LETTERS.items()}
    return {
        branch.name: "".join(said[job.state] for job in branch.jobs) for branch in flow.branches
    }


def decided(
    *workflows: Workflow, places: tuple[Place, ...] = (), now_s: float = 100.0, **limits: float
) -> Decision:
    """`decide` with limits by name."""
    return decide(workflows, places, Limits(**limits), now_s)  # type: ignore[arg-type]


def places(*tenants: str) -> tuple[Place, ...]:
    """Places taken at 0 s by tenants that have not used them."""
    return tuple(Place(tenant, 0.0) for tenant in tenants)
