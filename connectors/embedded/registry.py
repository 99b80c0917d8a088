"""A read-only schema registry over ``avro/``, for the embedded run.

Speaks the read side of the Confluent Schema Registry API (v1), so any Confluent client or deserializer can
read our topics. Every subject has one version: the contract as it is in the repository. Writes are refused
with 42205, as a registry in READONLY mode does.
"""

from __future__ import annotations

import json
import re
import socketserver
from collections.abc import Callable, Iterable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import unquote

from fastavro.schema import to_parsing_canonical_form

from config import contracts
from config.topics import STATIC, Topic
from connectors.kafka.schema_ids import ids
from streams.kernel.errors import Fatal

CONTENT_TYPE = "application/vnd.schemaregistry.v1+json"
VERSION = 1
LATEST = ("latest", "-1")
LARGEST_ID = 2**31 - 1
ID = "[0-9]{1,10}"
"""An id or a version as a path writes it; longer numbers are none."""
MOST_BYTES = 1024 * 1024
QUEUE = 64
IDLE_SECONDS = 60


class Answer(NamedTuple):
    """Status and body of a response."""

    status: int
    body: Any


class _Wrong(Exception):
    """An error answer in the registry's own form."""

    def __init__(self, status: HTTPStatus, code: int, message: str) -> None:
        super().__init__(message)
        self.answer = Answer(status, {"error_code": code, "message": message})


class Catalogue:
    """Subjects, schemas and ids, and the answers about them. No HTTP here."""

    def __init__(self, topics: Iterable[Topic] = STATIC) -> None:
        self._contract = {topic.subject: topic.schema for topic in topics if topic.schema is not None}
        self._ids = ids(self._contract.values())
        self._by_id = {number: name for name, number in self._ids.items()}

    def get(self, path: str) -> Answer:
        """The answer to a GET of this path (without the query)."""
        try:
            for pattern, answer in self._routes():
                found = re.fullmatch(pattern, path)
                if found is not None:
                    return Answer(HTTPStatus.OK, answer(*(unquote(part) for part in found.groups())))
            raise _Wrong(HTTPStatus.NOT_FOUND, 404, "HTTP 404 Not Found")
        except _Wrong as wrong:
            return wrong.answer

    def look_up(self, subject: str, body: bytes) -> Answer:
        """The answer to a POST of a schema to ``/subjects/{subject}``: its id and version, or 40403."""
        try:
            version = self._version(unquote(subject), "latest")
            if _asked_for(body) != to_parsing_canonical_form(json.loads(version["schema"])):
                raise _Wrong(HTTPStatus.NOT_FOUND, 40403, "Schema not found")
            return Answer(HTTPStatus.OK, version)
        except _Wrong as wrong:
            return wrong.answer

    def refuse(self, path: str) -> Answer:
        """The answer to anything that would write."""
        found = re.match(r"/subjects/([^/]+)", path)
        what = f"Subject {unquote(found.group(1))}" if found else "The registry"
        message = f"{what} is in read-only mode: the contracts are the files of avro/"
        return Answer(HTTPStatus.UNPROCESSABLE_ENTITY, {"error_code": 42205, "message": message})

    def _routes(self) -> list[tuple[str, Callable[..., Any]]]:
        return [
            (r"/", dict),
            (r"/subjects", lambda: sorted(self._contract)),
            (r"/subjects/([^/]+)/versions", lambda subject: [self._version(subject, "latest")["version"]]),
            (r"/subjects/([^/]+)/versions/([^/]+)", self._version),
            (
                r"/subjects/([^/]+)/versions/([^/]+)/schema",
                lambda subject, version: json.loads(self._version(subject, version)["schema"]),
            ),
            (rf"/schemas/ids/({ID})", lambda number: {"schema": self._schema(number)}),
            (rf"/schemas/ids/({ID})/schema", lambda number: json.loads(self._schema(number))),
            (rf"/schemas/ids/({ID})/subjects", self._subjects_of),
            (
                rf"/schemas/ids/({ID})/versions",
                lambda number: [
                    {"subject": subject, "version": VERSION} for subject in self._subjects_of(number)
                ],
            ),
            (r"/schemas/types", lambda: ["AVRO"]),
            (r"/config(?:/[^/]+)?", lambda: {"compatibilityLevel": "FULL_TRANSITIVE"}),
            (r"/mode(?:/[^/]+)?", lambda: {"mode": "READONLY"}),
        ]

    def _version(self, subject: str, version: str) -> dict[str, Any]:
        name = self._contract.get(subject)
        if name is None:
            raise _Wrong(HTTPStatus.NOT_FOUND, 40401, f"Subject '{subject}' not found.")
        if version not in LATEST and not (re.fullmatch(ID, version) and 0 < int(version) <= LARGEST_ID):
            raise _Wrong(
                HTTPStatus.UNPROCESSABLE_ENTITY, 42202,
                f"The specified version '{version}' is not a valid version id. Allowed values are between"
                " [1, 2^31-1] and the string \"latest\"",
            )
        if version not in LATEST and int(version) != VERSION:
            raise _Wrong(HTTPStatus.NOT_FOUND, 40402, f"Version {version} not found.")
        text = contracts.schema_text(name)
        return {"subject": subject, "version": VERSION, "id": self._ids[name], "schema": text}

    def _schema(self, number: str) -> str:
        name = self._by_id.get(int(number))
        if name is None:
            raise _Wrong(HTTPStatus.NOT_FOUND, 40403, f"Schema {number} not found")
        return contracts.schema_text(name)

    def _subjects_of(self, number: str) -> list[str]:
        self._schema(number)
        name = self._by_id[int(number)]
        return sorted(subject for subject, contract in self._contract.items() if contract == name)


def _asked_for(body: bytes) -> str:
    """The canonical form of the Avro schema in a request. Raises _Wrong 42201 for what is none."""
    try:
        request = json.loads(body)
        if request.get("schemaType", "AVRO") != "AVRO":
            raise ValueError(f"schemaType {request['schemaType']}, here all are AVRO")
        return str(to_parsing_canonical_form(json.loads(request["schema"])))
    except Exception as error:  # fastavro and json share no class of error for what is no schema
        raise _Wrong(HTTPStatus.UNPROCESSABLE_ENTITY, 42201, f"Invalid schema: {error!r}") from error


class _Server(ThreadingHTTPServer):
    request_queue_size = QUEUE

    def server_bind(self) -> None:
        """Bind without asking the name service for our own name, which may take long."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])


def serve(host: str, port: int, catalogue: Catalogue | None = None) -> ThreadingHTTPServer:
    """A bound server, not yet serving: call ``serve_forever``. Raises Fatal where it cannot listen there."""
    answers = catalogue or Catalogue()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = IDLE_SECONDS

        def do_GET(self) -> None:
            self._send(answers.get(self._path()))

        def do_POST(self) -> None:
            body = self._body()
            found = re.fullmatch(r"/subjects/([^/]+)", self._path())
            if body is None:
                self._send(Answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {
                    "error_code": 413, "message": f"a body of at most {MOST_BYTES:,} bytes, with its Content-Length"
                }))
            else:
                self._send(answers.look_up(found.group(1), body) if found else answers.refuse(self._path()))

        def do_PUT(self) -> None:
            self._body()
            self._send(answers.refuse(self._path()))

        do_DELETE = do_PUT

        def _path(self) -> str:
            path = self.path.split("?", 1)[0]
            return path.rstrip("/") or "/"

        def _body(self) -> bytes | None:
            """The request's body; None, with the connection to be closed, for one too long or of no length."""
            told = self.headers.get("Content-Length") or "0"
            if not re.fullmatch(ID, told) or int(told) > MOST_BYTES:
                self.close_connection = True
                return None
            return self.rfile.read(int(told))

        def _send(self, answer: Answer) -> None:
            body = json.dumps(answer.body).encode()
            self.send_response(answer.status)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: one line per request helps nobody here."""

    try:
        return _Server((host, port), Handler)
    except OSError as error:
        raise Fatal(
            f"the registry cannot listen on port {port} of {host} ({error.strerror}): set SHIPSYNC_REGISTRY_URL"
        ) from error
