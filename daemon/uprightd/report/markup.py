"""Elements of a page. Text is text: whatever a rule, a file or a person wrote is escaped when the page is written."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element, tostring

from uprightd.report.words import NO_BREAK, THIN, plain

SPACES = (NO_BREAK, THIN)
"""Those that are meant, though Python does not call them printable."""
Child = Element | str | None
Attribute = str | int | float | None


def tag(name: str, *children: Child, **attributes: Attribute) -> Element:
    """Given an element's name, what is in it and its attributes, return it; None is left out.

    `class_` is the class, other underscores are hyphens. Text loses its control characters.
    """
    element = Element(name)
    for key, value in attributes.items():
        if value is not None:
            element.set(key.rstrip("_").replace("_", "-"), _written(value))
    for child in children:
        add(element, child)
    return element


def add(element: Element, child: Child) -> Element:
    """Given an element and what comes at its end, add that; return the element."""
    if child is None:
        return element
    if isinstance(child, Element):
        element.append(child)
        return element
    words = "".join(char if char.isprintable() or char in SPACES else " " for char in child)
    if len(element):
        element[-1].tail = (element[-1].tail or "") + words
    else:
        element.text = (element.text or "") + words
    return element


def filled(element: Element, children: Iterable[Child]) -> Element:
    """Given an element and what comes at its end, add it in order; return the element."""
    for child in children:
        add(element, child)
    return element


def style(css: str) -> Element:
    """Given a style sheet of ours, return its element; it is written as it is."""
    element = Element("style")
    element.text = css
    return element


def written(root: Element) -> str:
    """Given the element of a whole page, return it as HTML."""
    return f"<!doctype html>\n{tostring(root, encoding='unicode', method='html')}\n"


def _written(value: str | int | float) -> str:
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return plain(str(value))
