"""Decodes XML payloads; it never resolves entities or loads external resources."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lxml import etree

from streams.kernel.errors import Reject
from streams.kernel.memo import is_short
from streams.kernel.vocabulary import RejectReason

MAX_DEPTH = 64
MAX_ATTRIBUTES = 500
"""Limits the attributes of one element: lxml takes the square of their number to list them."""
_FORBIDDEN = (b"<!DOCTYPE", b"<!ENTITY")
_SHORT_NAMES: dict[str, str] = {}
_MAX_CACHED_NAMES = 10_000


_PARSER = etree.XMLParser(
    resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False,
    remove_comments=True, remove_pis=True, remove_blank_text=True,
)


def read(body: bytes) -> dict[str, Any]:
    """Return ``{root name: content}``. An element with children is a dict, one without its text, repeated ones a list.

    Namespaces and attributes are dropped; a SOAP envelope is replaced by its body. Raises Reject ``forbidden_xml``
    (a document type or entity declaration), ``not_text``, ``malformed``.
    """
    root = _root(body)
    return _unwrap_soap({_local_name(root.tag): _content(root, 1) if len(root) else root.text})


def read_with_attributes(body: bytes) -> dict[str, Any]:
    """Return the same with attributes as ``@name``, without their namespace. The text of an element with attributes is
    its key ``text``. Raises as :func:`read`.
    """
    root = _root(body)
    return _unwrap_soap({_local_name(root.tag): _with_attributes(root, 1)})


def _unwrap_soap(message: dict[str, Any]) -> dict[str, Any]:
    """Return the body of a SOAP envelope (1.1 and 1.2); another message unchanged."""
    envelope = message.get("Envelope")
    body = envelope.get("Body") if envelope.__class__ is dict else None
    return body if isinstance(body, dict) else message


def _root(body: bytes) -> etree._Element:
    if any(mark in body for mark in _FORBIDDEN):
        raise Reject(RejectReason.FORBIDDEN_XML, "a document type declaration: carriers have no use for one")
    try:
        root = etree.fromstring(body, _PARSER)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise _unreadable(body, error) from error
    if root is None:
        raise Reject(RejectReason.MALFORMED, "no XML: there is no element in it")
    if root.getroottree().docinfo.internalDTD is not None:
        raise Reject(RejectReason.FORBIDDEN_XML, "a document type declaration: carriers have no use for one")
    return root


def _unreadable(body: bytes, error: Exception) -> Reject:
    if b"encoding" not in body[:200]:
        try:
            body.decode("utf-8")
        except UnicodeDecodeError as not_text:
            return Reject(RejectReason.NOT_TEXT, f"not UTF-8: {not_text.reason} at byte {not_text.start}")
    return Reject(RejectReason.MALFORMED, f"no XML: {error}")


def _local_name(tag: str) -> str:
    name = _SHORT_NAMES.get(tag)
    if name is None:
        name = tag.rpartition("}")[2]
        if len(_SHORT_NAMES) < _MAX_CACHED_NAMES and is_short(tag):
            _SHORT_NAMES[tag] = name
    return name


def _with_attributes(element: etree._Element, depth: int) -> Any:
    """Return an element as a dict with its attributes; as its text if it has neither attributes nor children."""
    found: dict[str, Any] = _content(element, depth, _with_attributes) if len(element) else {}
    attributes = element.attrib
    if not found and not attributes:
        return element.text
    if len(attributes) > MAX_ATTRIBUTES:
        raise Reject(RejectReason.MALFORMED, f"an XML element with more than {MAX_ATTRIBUTES} attributes")
    for name, value in attributes.items():
        found[f"@{_local_name(str(name))}"] = value
    if element.text is not None and element.text.strip():
        found.setdefault("text", element.text)
    return found


def _content(
    element: etree._Element, depth: int, content_of: Callable[[etree._Element, int], Any] | None = None
) -> dict[str, Any]:
    """Return an element with children as a dict. Raises Reject ``malformed`` beyond ``MAX_DEPTH``."""
    if depth >= MAX_DEPTH:
        raise Reject(RejectReason.MALFORMED, f"XML nested deeper than {MAX_DEPTH}")
    found: dict[str, Any] = {}
    for child in element:
        tag = child.tag
        if not isinstance(tag, str):
            raise Reject(RejectReason.FORBIDDEN_XML, "an entity reference nothing declares")
        name = _SHORT_NAMES.get(tag) or _local_name(tag)
        if content_of is not None:
            content = content_of(child, depth + 1)
        else:
            content = _content(child, depth + 1) if len(child) else child.text
        if name not in found:
            found[name] = content
            continue
        earlier = found[name]
        if earlier.__class__ is list:
            earlier.append(content)
        else:
            found[name] = [earlier, content]
    return found
