"""The warm worker: a Prefect worker type that runs flow runs inside one long-lived process.

A model or a module is loaded once and stays. `python -m deployments.worker POOL --name NAME`, or
`prefect worker start --type warm`. One flow run has one thread and one event loop of its own.
"""
