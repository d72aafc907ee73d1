"""Log lines as JSON, one a line, for all loggers of the door's process; without any secret."""

import json
import logging
import re
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TextIO

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
"""Of the request that is being answered."""

_OURS = ("gateway", "runs", "blocks", "tasks", "flows", "slideloom")
# Libraries tell of headers, addresses with queries, and bodies at INFO and below.
_LIBRARIES = logging.WARNING
_SECRETS = (
    (re.compile(r"sl_([0-9a-f]{16})_[\w%-]+"), r"sl_\1_..."),
    (re.compile(r"[0-9a-f]{16}\.\d{1,12}\.[0-9a-f]{64}"), "..."),
    (re.compile(r"(?im)\b(authorization|cookie)\b(['\"]?\s*[:=,]\s*).*$"), r"\1\2..."),
    (re.compile(r"(://[^/\s:@]*:)[^@/\s]+@"), r"\1...@"),
    (
        re.compile(r"(?i)([?&](?:[\w-]*(?:key|token|secret|signature|credential))=)[^&\s\"']+"),
        r"\1...",
    ),
)


def without_secrets(text: str) -> str:
    """The text with keys, cookies, headers that prove something, and passwords taken out."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


class JsonLines(logging.Formatter):
    """A record as one line of JSON: time, level, logger, message, and what it is about."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; fields come from `extra={"fields": {...}}`."""
        said: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": without_secrets(record.getMessage()),
        }
        if request := REQUEST_ID.get():
            said["request"] = request
        fields = getattr(record, "fields", None)
        if isinstance(fields, Mapping):
            said.update(fields)
        if record.exc_info:
            said["trace"] = without_secrets(self.formatException(record.exc_info))
        return json.dumps(said, default=str)


def log_json(level: str, stream: TextIO) -> None:
    """Have every logger of this process write JSON lines.

    Args:
        level: The least important lines of our own; of libraries only warnings are written.
        stream: Where to.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(_LIBRARIES)
    for name in ("prefect", "uvicorn", *logging.root.manager.loggerDict):
        logger = logging.getLogger(name)
        if name.partition(".")[0] in {"prefect", "uvicorn"}:
            logger.handlers.clear()
            logger.propagate = True
            logger.setLevel(_LIBRARIES)
    for name in _OURS:
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(True)
