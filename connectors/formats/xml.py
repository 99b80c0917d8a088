"""XML as carriers send it, read without ever following what it asks for."""

from __future__ import annotations

from typing import Any

from lxml import etree

from streams.errors import Reject
from streams.vocabulary import RejectReason

DEEPEST = 64
_FORBIDDEN = (b"<!DOCTYPE", b"<!ENTITY")
_SHORT_NAMES: dict[str, str] = {}
_MOST_NAMES = 10_000


_PARSER = etree.XMLParser(
    resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False,
    remove_comments=True, remove_pis=True, remove_blank_text=True,
)


def read(body: bytes) -> dict[str, Any]:
    """``{root name: content}``. An element with children is a dict, one without its text; an element that
    stands there several times a list. Namespaces and attributes are left out.

    Raises Reject: ``forbidden_xml`` (a document type or entity declaration), ``not_text``, ``malformed``.
    """
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
    return {_short(root.tag): _content(root, 1) if len(root) else root.text}


def _unreadable(body: bytes, error: Exception) -> Reject:
    if b"encoding" not in body[:200]:
        try:
            body.decode("utf-8")
        except UnicodeDecodeError as not_text:
            return Reject(RejectReason.NOT_TEXT, f"not UTF-8: {not_text.reason} at byte {not_text.start}")
    return Reject(RejectReason.MALFORMED, f"no XML: {error}")


def _short(tag: str) -> str:
    name = _SHORT_NAMES.get(tag)
    if name is None:
        name = tag.rpartition("}")[2]
        if len(_SHORT_NAMES) < _MOST_NAMES:
            _SHORT_NAMES[tag] = name
    return name


def _content(element: etree._Element, depth: int) -> dict[str, Any]:
    """An element with children."""
    if depth >= DEEPEST:
        raise Reject(RejectReason.MALFORMED, f"XML nested deeper than {DEEPEST}")
    found: dict[str, Any] = {}
    for child in element:
        tag = child.tag
        if not isinstance(tag, str):
            raise Reject(RejectReason.FORBIDDEN_XML, "an entity reference nothing declares")
        name = _SHORT_NAMES.get(tag) or _short(tag)
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
