"""What this process counts, for Prometheus; never an id, a raw path or a key in a label.

Other parts of the door count here as well.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_QUICK_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

_REQUESTS = Counter(
    "http_requests",
    "Requests that were answered, by the template of their route; others are `unmatched`.",
    ["method", "route", "status"],
    registry=REGISTRY,
)
_SECONDS = Histogram(
    "http_request_seconds",
    "From a request's head to the end of its answer.",
    ["method", "route"],
    buckets=_QUICK_S,
    registry=REGISTRY,
)
UPLOAD_BYTES = Counter("upload_bytes", "Bytes of slides that were taken.", registry=REGISTRY)
WEBSOCKETS = Gauge("websockets_open", "Open web sockets.", registry=REGISTRY)
CACHE_BYTES = Gauge("cache_bytes", "What caches of the door hold.", ["cache"], registry=REGISTRY)


def count_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count a request that was answered.

    Args:
        method: Its method, a known one.
        route: Template of its route.
        status: HTTP status of the answer.
        seconds: How long it took.
    """
    _REQUESTS.labels(method, route, str(status)).inc()
    _SECONDS.labels(method, route).observe(seconds)


def known_method(method: str) -> str:
    """The method; `other` for one that somebody made up."""
    return method if method in _METHODS else "other"
