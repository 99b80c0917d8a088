"""Structured logs of a process: one line per event, as JSON or for a console, with fields from the context.

The standard library's loggers write the same way; those of Faust, aiokafka, mode and librdkafka from WARNING up. The
stage, topic, partition, offset and correlation id of a line come from the context.
"""

from __future__ import annotations

import logging
import re
import sys
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, TextIO

import structlog
from structlog.contextvars import bound_contextvars
from structlog.typing import EventDict, Processor

from config.settings import LogFormat, Settings

NOISY = ("faust", "mode", "aiokafka", "kafka", "confluent_kafka", "httpx", "httpx2", "httpcore", "asyncio")
UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters except tab and line end, and lone surrogates: a terminal obeys the former, UTF-8 cannot encode the
latter."""

CREDENTIALS = re.compile(r"://[^/@\s]+@")


def configure(settings: Settings, stage: str, stream: TextIO | None = None) -> None:
    """Write every log line of this process to ``stream`` (default: standard error), with ``stage``."""
    as_json = settings.process.log_format is LogFormat.JSON
    _send_to(stream or sys.stderr, settings.process.log_level, _of_stage(stage), as_json=as_json)
    for name in NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(settings.process.log_level)))
    logging.captureWarnings(True)
    sys.excepthook = _log_the_end


def configure_for_a_command() -> None:
    """Write our warnings to standard error as text; libraries log nothing, because their faults are raised as
    errors."""
    _send_to(sys.stderr, "WARNING", as_json=False)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.CRITICAL)


def about(**fields: Any) -> AbstractContextManager[None]:
    """Log lines written inside carry these fields: topic, partition, offset, correlation_id."""
    return bound_contextvars(**{name: value for name, value in fields.items() if value is not None})


def _of_stage(stage: str) -> Processor:
    """Adds the stage to every line, from whichever thread."""

    def stamped(logger: Any, method: str, event: EventDict) -> EventDict:
        del logger, method
        event.setdefault("stage", stage)
        return event

    return stamped


def _printable(logger: Any, method: str, event: EventDict) -> EventDict:
    """Escapes characters that cannot be printed, in every text of a line, and leaves out credentials in URLs."""
    del logger, method
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1], CREDENTIALS.sub("://", value))
    return event


def _send_to(stream: TextIO, level: str, *more: Processor, as_json: bool) -> None:
    shared: list[Processor] = [
        *more,
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.StackInfoRenderer(),
    ]
    if as_json:
        shared.append(structlog.processors.format_exc_info)
    shared.append(_printable)
    renderer: Processor = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=stream.isatty())
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)


def _log_the_end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Log an uncaught exception."""
    logging.getLogger("shipsync").critical("the process ends: %s", error, exc_info=(kind, error, trace))
