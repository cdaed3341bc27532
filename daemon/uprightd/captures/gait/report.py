"""report.html: the walk on one page, in one file that needs nothing else; light, dark and on paper."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any

from uprightd.captures.gait.wording import Row, number, rows, title, unit_words

REPORT = "report.html"
HEADLINE = ("cadence", "stride_time", "stride_length", "speed")
VERDICTS = {"within": "within", "beyond": "beyond the limit", "unsure": "unsure", "unknown": "not known"}
Picture = tuple[str, bytes]
"""A caption and a JPEG."""


def page(found: Mapping[str, Any], plots: Sequence[tuple[str, str]], pictures: Sequence[Picture]) -> bytes:
    """Given the content of gait.json, plots as (title, SVG) and pictures, return the page."""
    style = files("uprightd.captures.gait").joinpath("report.css").read_text(encoding="utf-8")
    name = str(found["source"]).rpartition("/")[2]
    parts = [
        f"<header><h1>Walk</h1><p>{escape(name)} · {escape(_when(found['at']))}</p></header>",
        _warning(found),
        _headline(found["parameters"]),
        _about(found),
        _film(pictures),
        *(f"<section><h2>{escape(heading)}</h2><figure>{svg}</figure></section>" for heading, svg in plots),
        _tables(found["parameters"]),
        _screen(found.get("screen")),
        _notes(found),
        _footer(found),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Walk: {escape(name)}</title><style>{style}</style></head>"
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    ).encode()


def _when(at: str) -> str:
    return at[:16].replace("T", " ")


def _warning(found: Mapping[str, Any]) -> str:
    lines = []
    if found["partial"]:
        lines.append(f"<strong>Partial.</strong> {escape(str(found['partial']))}")
    if found["cut_off"]:
        lines.append(f"The file ends {found['cut_off']:.1f} s before it should: it is cut off or damaged.")
    return f'<p class="warning">{" ".join(lines)}</p>' if lines else ""


def _headline(parameters: Mapping[str, Any]) -> str:
    cards = []
    for name in HEADLINE:
        it = parameters.get(name)
        if it is None:
            continue
        if it["value"] is None:
            shown, below = "–", str(it["reason"])
        else:
            shown = f"{number(it['value'], it['unit'])}<small> {escape(it['unit'])}</small>"
            below = f"± {number(it['error'], it['unit'])} measured" if it["error"] is not None else ""
        cards.append(f"<div><h3>{escape(title(name))}</h3><b>{shown}</b><p>{escape(below)}</p></div>")
    return f'<section class="cards">{"".join(cards)}</section>' if cards else ""


def _about(found: Mapping[str, Any]) -> str:
    strikes = sum(event["kind"] == "strike" for event in found["events"])
    facts = {
        "seen": f"{_view(found['view'])}, {found['frames_with_walker']} of {found['frames']} frames",
        "measured by": f"{found['backend']}, {found['fps'] or 0:.3g} frames per second, "
        f"{found['size'][0]} × {found['size'][1]}",
        "strikes": f"{strikes}, by {found['method']}" if found["method"] else "none",
        "scale": found["scale"]["source"] if found["scale"] else "none: lengths need one",
    }
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(str(text))}</dd>" for name, text in facts.items())
    return f'<dl class="about">{rows}</dl>'


def _view(view: str | None) -> str:
    words = {
        "frontal": "from the front",
        "rear": "from behind",
        "sagittal-left": "from the walker's left",
        "sagittal-right": "from the walker's right",
        "oblique": "at an angle",
    }
    return words.get(view or "", "view unknown")


def _film(pictures: Sequence[Picture]) -> str:
    if not pictures:
        return ""
    shown = "".join(
        f'<figure><img alt="{escape(caption)}" src="data:image/jpeg;base64,{base64.b64encode(data).decode()}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
        for caption, data in pictures
    )
    return f'<section><h2>Each foot strike</h2><div class="film">{shown}</div></section>'


def _tables(parameters: Mapping[str, Any]) -> str:
    if not parameters:
        return ""
    lines = [_line(row) for row in rows(parameters) if not row.refused]
    refused: dict[str, list[str]] = {}
    for row in rows(parameters):
        if row.refused:
            refused.setdefault(row.refused, []).append(row.title)
    told = "".join(f"<li>{escape(', '.join(names))}: {escape(why)}</li>" for why, names in refused.items())
    return (
        '<section><h2>Parameters</h2><table><thead><tr><th></th><th>mean</th><th class="left">left</th>'
        '<th class="right">right</th><th>SD</th><th>±</th><th>MDC</th><th>n</th><th class="unit"></th></tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table>"
        '<p class="small">SD: spread over the steps or strides. ±: one measurement error. MDC: the smallest change '
        "between two recordings that is more than measurement noise (95 %). n: steps or strides.</p>"
        + (f"<h3>Not given</h3><ul>{told}</ul>" if told else "")
        + "</section>"
    )


def _line(row: Row) -> str:
    unit, main = row.main["unit"], row.main
    values = "".join(
        f"<td>{number(it['value'], unit) if it else ''}</td>" for it in (row.whole, row.left, row.right)
    )
    quiet = "".join(
        f'<td class="quiet">{number(main[key], unit) if main[key] is not None else ""}</td>'
        for key in ("sd", "error", "mdc")
    )
    return (
        f'<tr><th>{escape(row.title)}</th>{values}{quiet}<td class="quiet">{main["count"] or ""}</td>'
        f'<td class="unit">{escape(unit_words(unit))}</td></tr>'
    )


def _screen(screen: Mapping[str, Any] | None) -> str:
    if not screen:
        return ""
    rows = "".join(
        f'<tr class="{escape(it["verdict"])}"><th>{escape(it["words"])}</th><td>{VERDICTS[it["verdict"]]}</td>'
        f'<td class="reason">{escape(it["source"])}</td></tr>'
        for it in screen["findings"]
    )
    return (
        f"<section><h2>Screen: {escape(screen['name'])}</h2><p>{escape(screen['description'])} "
        f'<strong>{escape(screen["note"])}</strong></p><table class="screen"><tbody>{rows}</tbody></table></section>'
    )


def _notes(found: Mapping[str, Any]) -> str:
    if not found["notes"]:
        return ""
    notes = "".join(f"<li>{escape(it)}</li>" for it in found["notes"])
    return f"<section><h2>What limits these numbers</h2><ul>{notes}</ul></section>"


def _footer(found: Mapping[str, Any]) -> str:
    return (
        f"<footer><p>{escape(found['disclaimer'])} Made by uprightd {escape(found['uprightd'])} on this machine; "
        f"definitions and measured errors are in its docs/GAIT.md.</p></footer>"
    )
