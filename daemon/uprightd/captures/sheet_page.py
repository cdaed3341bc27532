"""The contact sheet as one file for a browser: everything is inside it, nothing is fetched, no script runs."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from uprightd import opencv
from uprightd.captures.sheet import FOOT, scale_text, value_text
from uprightd.derm.examine import Examined, Found
from uprightd.derm.gate import Check

LONGEST = 1100
"""Pixels of a picture's longer side in the page; the files beside it hold every pixel."""
QUALITY = 88

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --card: #f6f7f9; --ink: #181f2a; --dim: #626c7a; --line: #dee2e8;
  --good: #267a50; --bad: #b84226; --unknown: #8c94a0; }
@media (prefers-color-scheme: dark) { :root { --paper: #14181e; --card: #1d232b; --ink: #eef1f5; --dim: #9aa4b2;
  --line: #303843; --good: #56b886; --bad: #ec8261; --unknown: #8c94a0; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 2.5rem 1.5rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.9rem; margin: 0; } h2 { font-size: 1.25rem; margin: 2.5rem 0 .25rem; }
h3 { font-size: 1.1rem; margin: 0; display: flex; justify-content: space-between; gap: 1rem; align-items: baseline; }
p { margin: .25rem 0; } .dim, figcaption .size { color: var(--dim); font-size: .92rem; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)); gap: 1.25rem; margin-top: 1rem; }
figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: .75rem; overflow: hidden;
  break-inside: avoid; }
figure > .shown { position: relative; background: #181f2a; height: 20rem; }
figure img { width: 100%; height: 100%; object-fit: contain; display: block; }
figure img.plain { position: absolute; inset: 0; opacity: 0; background: #181f2a; }
figure > .shown:hover img.plain, figure > .shown:focus img.plain { opacity: 1; }
figcaption { padding: 1rem 1.1rem 1.2rem; }
ul { list-style: none; margin: .7rem 0 0; padding: 0; display: grid; grid-template-columns: 1fr 1fr; gap: .15rem 1rem;
  font-size: .92rem; }
li { display: flex; gap: .5rem; align-items: baseline; }
li span:last-child { color: var(--dim); margin-left: auto; }
.mark { font-weight: 700; } .good { color: var(--good); } .bad { color: var(--bad); }
.unknown { color: var(--unknown); }
.advice { margin: .8rem 0 0; font-size: .95rem; } .verdict { font-size: .95rem; font-weight: 600; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--paper); border: 1px solid var(--line);
  border-radius: .4rem; padding: .6rem; font-size: .82rem; max-height: 14rem; overflow: auto; }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--dim); font-size: .9rem; }
@media print { body { padding: 0; } figure > .shown { height: 15rem; print-color-adjust: exact; } }
"""
MARKS = {True: ("good", "✓"), False: ("bad", "✗"), None: ("unknown", "?")}


def page(examined: Sequence[Examined], record: Mapping[str, Any], licence: str) -> str:
    """Given the pictures examined, the record of the capture and the model's licence, return the page."""
    when = datetime.fromisoformat(record["at"])
    regions = [region for picture in record["pictures"] for region in picture["regions"]]
    good = sum(region["passed"] for region in regions)
    told = f"{when.day} {when:%B %Y, %H:%M} · {good} of {len(regions)} good enough"
    sections = "\n".join(
        _section(index, picture, record["pictures"][index], len(examined))
        for index, picture in enumerate(examined)
    )
    made = f"uprightd {record['uprightd']}, {record['backend']} ({licence})"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>Skin regions, {when.day} {when:%B %Y}</title>
<style>{STYLE}</style>
</head>
<body>
<h1>Skin regions</h1>
<p class="dim">{_e(told)} · found by {_e(record["backend"])}. Point at a picture to see it undimmed.</p>
{sections}
<footer>{_e(FOOT)}<br>{_e(made)}</footer>
</body>
</html>
"""


def _section(index: int, picture: Examined, record: Mapping[str, Any], count: int) -> str:
    title = f"<h2>Picture {index + 1}</h2>" if count > 1 else ""
    width, height = picture.size
    cards = "\n".join(
        _card(found, region) for found, region in zip(picture.found, record["regions"], strict=True)
    )
    notes = "".join(f'<p class="dim">{_e(note)}</p>' for note in picture.notes)
    return f"""<section>{title}
<p class="dim">{width} by {height} px · {_e(scale_text(picture))}</p>{notes}
<div class="cards">
{cards}
</div></section>"""


def _card(found: Found, record: Mapping[str, Any]) -> str:
    kind, word = ("good", "good") if found.gate.passed else ("bad", "take again")
    size = f"{found.region.box.width} by {found.region.box.height} px, {100 * found.region.share:.1f} % of the picture"
    if record["size_mm"]:
        size = f"{record['size_mm'][0]:.0f} by {record['size_mm'][1]:.0f} mm · {size}"
    advice = "".join(
        f'<p class="advice">{_e(check.finding)} {_e(check.advice)}</p>' for check in found.gate.failed
    )
    title = _e(found.region.title)
    return f"""<figure>
<div class="shown" tabindex="0">
<img src="{_data(found.crop.dimmed)}" alt="{title}, what is around it dimmed">
<img class="plain" src="{_data(found.crop.picture)}" alt="{title}">
</div>
<figcaption>
<h3>{title}<span class="verdict {kind}">{word}</span></h3>
<p class="size">{_e(size)}</p>
<ul>{"".join(_check(check) for check in found.gate.checks)}</ul>
{advice}{_said(record["classifier"])}
</figcaption>
</figure>"""


def _check(check: Check) -> str:
    kind, mark = MARKS[check.passed]
    hint = _e(f"{check.finding} Limit: {check.limit} {check.unit}.")
    return (
        f'<li title="{hint}"><span class="mark {kind}">{mark}</span>'
        f"<span>{_e(check.name)}</span><span>{_e(value_text(check))}</span></li>"
    )


def _said(classifier: Mapping[str, Any] | None) -> str:
    if classifier is None:
        return ""
    return (
        f'<p class="advice dim">Output of {_e(str(classifier["name"]))}, verbatim; uprightd concludes nothing from it.'
        f"</p><pre>{_e(classifier['output'])}</pre>"
    )


def _data(picture: np.ndarray) -> str:
    """A picture BGR uint8 (h, w, 3) as part of the page."""
    cv2 = opencv.load()
    by = min(1.0, LONGEST / max(picture.shape[:2]))
    small = cv2.resize(picture, None, fx=by, fy=by, interpolation=cv2.INTER_AREA) if by < 1 else picture
    ok, encoded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    assert ok
    return "data:image/jpeg;base64," + base64.b64encode(encoded.tobytes()).decode()


def _e(text: str) -> str:
    return html.escape(text)
