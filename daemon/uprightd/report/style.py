"""How a page looks: light and dark, on paper, on a phone. Colours are told apart by the colour-blind, and each that
matters has a texture besides; words reach the contrast of WCAG AA in both themes."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from xml.etree.ElementTree import Element

from uprightd.report.markup import tag

CSS = """
:root {
  color-scheme: light dark;
  --paper: #fbfaf7; --card: #ffffff; --ink: #1c2329; --quiet: #59656e; --rule: #e3dfd6;
  --good: #35789f; --mid: #b8860b; --poor: #c04a16; --unsure: #8a949c; --away: #e6e2d9; --edge: #c9c3b6;
  --h0: #e4eef4; --h1: #f8dfc6; --h2: #eda878; --h3: #ad3f10; --h3-ink: #ffffff; --noise: #35789f24;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181b; --card: #1b2024; --ink: #e9e7e1; --quiet: #a5afb6; --rule: #30373d;
    --good: #6cb0d6; --mid: #dcb04a; --poor: #f2844f; --unsure: #7d8890; --away: #272d32; --edge: #454e55;
    --h0: #20303a; --h1: #4f3626; --h2: #96502b; --h3: #f2844f; --h3-ink: #1c1208; --noise: #6cb0d633;
  }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.55 system-ui, -apple-system, "Segoe UI",
  Roboto, "Helvetica Neue", "Noto Sans", sans-serif; font-variant-numeric: tabular-nums; overflow-wrap: anywhere }
main { max-width: 56rem; margin: 0 auto; padding: 3rem 1.5rem 4rem }
h1 { font-size: .95rem; font-weight: 600; color: var(--quiet); margin: 0 0 .75rem }
.lead { font-size: 1.4rem; line-height: 1.45; letter-spacing: -.008em; margin: 0 0 .6rem; text-wrap: pretty }
.more { font-size: 1.05rem; color: var(--quiet); margin: 0 0 2.25rem; text-wrap: pretty }
h2 { font-size: 1.05rem; font-weight: 650; margin: 0 0 .3rem }
.note, .legend, .quiet, figcaption, footer { color: var(--quiet); font-size: .86rem }
.note { margin: 0 0 .6rem }
.tiles { display: grid; grid-template-columns: repeat(4, 1fr); gap: 0 1.5rem; margin: 0 0 2.75rem; padding: 1.1rem 0;
  border-block: 1px solid var(--rule) }
.tiles div { display: flex; flex-direction: column }
.tiles dt, .tiles dd.rests { color: var(--quiet); font-size: .82rem; line-height: 1.35 }
.tiles dd { margin: 0 }
.tiles dd.big { font-size: 1.75rem; font-weight: 600; letter-spacing: -.02em; line-height: 1.3 }
section { margin: 0 0 2.75rem; break-inside: avoid }
section.long { break-inside: auto }
.line { display: grid; grid-template-columns: 7.5rem 1fr 3.4rem 5.2rem; gap: 0 .75rem; align-items: center;
  margin: 0 0 5px; font-size: .9rem }
.line.week { grid-template-columns: 2.6rem 1fr 5.2rem }
.line.heads { color: var(--quiet); font-size: .8rem; margin-bottom: 2px }
.name { line-height: 1.2 }
.n { text-align: right; white-space: nowrap }
svg { display: block; overflow: visible }
svg.strip, svg.plot { border-radius: 3px; overflow: hidden }
svg.swatch { display: inline-block; vertical-align: -1px; border-radius: 2px; overflow: hidden }
svg.defs { position: absolute; width: 0; height: 0 }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; margin: .6rem 0 0 }
.good { fill: var(--good) } .poor { fill: url(#poor) } .borderline { fill: url(#mid) }
.unreliable { fill: url(#unsure) } .away { fill: var(--away) } .little { fill: var(--away) }
.h0 { fill: var(--h0) } .h1 { fill: var(--h1) } .h2 { fill: var(--h2) } .h3 { fill: var(--h3) }
text { font-size: 12px; fill: var(--quiet) }
text.on { text-anchor: middle; fill: var(--ink) } text.on.h3 { fill: var(--h3-ink); font-weight: 600 }
text.tick { text-anchor: middle } text.scale { paint-order: stroke; stroke: var(--card); stroke-width: 3px }
.p-poor { fill: var(--poor) } .p-mid { fill: var(--mid) } .p-unsure { fill: var(--unsure) }
.p-cut { stroke: var(--card); stroke-width: 1.6; fill: none; opacity: .75 }
.p-dot { fill: var(--card); opacity: .8 }
figure { margin: 0 0 1.1rem; break-inside: avoid } figcaption { margin: 0 0 .25rem; line-height: 1.4 }
figcaption strong { color: var(--ink); font-weight: 600; font-size: .92rem }
.plot { background: var(--card); outline: 1px solid var(--rule); outline-offset: -1px }
.multiples { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 0 1.5rem }
.course { fill: none; stroke: var(--good); stroke-width: 1.6; stroke-linejoin: round;
  vector-effect: non-scaling-stroke }
.shadow { fill: var(--good); opacity: .22 } .noise { fill: var(--noise) }
.mean, .limit { stroke: var(--quiet); stroke-dasharray: 2 4 } .limit { stroke: var(--poor); stroke-dasharray: 6 4 }
.past { fill: var(--card); stroke: var(--good); stroke-width: 1.6 } .now { fill: var(--poor) }
.ends { display: flex; justify-content: space-between; color: var(--quiet); font-size: .8rem; margin-top: .15rem }
.wide { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-size: .88rem; line-height: 1.4 }
th, td { padding: .32rem 0 .32rem .9rem; text-align: right; vertical-align: top; font-weight: 400; white-space: nowrap }
th:first-child { padding-left: 0; white-space: normal; min-width: 6.5rem }
th:first-child, td.w, th.w { text-align: left }
td.w { white-space: normal }
thead th { color: var(--quiet); font-size: .8rem; border-bottom: 1px solid var(--rule); vertical-align: bottom }
tbody tr + tr > * { border-top: 1px solid var(--rule) }
tfoot > tr > * { border-top: 2px solid var(--edge); font-weight: 600 }
section.table .note { margin: .5rem 0 0 }
ol.alerts { list-style: none; margin: 0; padding: 0; font-size: .9rem }
ol.alerts li { padding: .5rem 0; border-top: 1px solid var(--rule); break-inside: avoid }
ol.alerts p { margin: 0 } ol.alerts .quiet { margin-left: .4rem }
footer { border-top: 1px solid var(--rule); padding-top: 1rem }
@media (max-width: 40rem) {
  main { padding: 1.5rem 1rem 3rem }
  .lead { font-size: 1.2rem }
  .tiles { grid-template-columns: 1fr 1fr; gap: 1rem }
  .line { grid-template-columns: 5.4rem 1fr 2.9rem 4.4rem; gap: 0 .4rem; font-size: .8rem }
  .line.week { grid-template-columns: 2.1rem 1fr 4.2rem }
  table { font-size: .76rem } th, td { padding-left: .45rem } th:first-child { min-width: 5.2rem }
  thead th { font-size: .72rem; white-space: normal; overflow-wrap: normal }
  text.on { font-size: 10px } text.tick { font-size: 10px }
}
@media print {
  @page { size: A4; margin: 16mm 15mm }
  :root { --paper: #ffffff; --card: #ffffff; --ink: #000000; --quiet: #444444; --rule: #cccccc; --good: #35789f;
    --mid: #b8860b; --poor: #c04a16; --unsure: #8a949c; --away: #e6e2d9; --edge: #999999; --h0: #e4eef4;
    --h1: #f8dfc6; --h2: #eda878; --h3: #ad3f10; --h3-ink: #ffffff; --noise: #35789f24 }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact }
  :root { font-size: 8.6pt } main { max-width: none; padding: 0 } section { margin-bottom: 1.6rem }
  #trend-chart, #minutes { break-inside: auto } .tiles, .more { margin-bottom: 1.6rem }
  text { font-size: 8pt } .wide { overflow: visible } h2, thead, .note { break-after: avoid } tr { break-inside: avoid }
  tfoot { display: table-row-group } section.table .note { break-after: auto }
}
""".strip()

POLICY = "; ".join(
    (
        "default-src 'none'",
        f"style-src 'sha256-{b64encode(sha256(CSS.encode()).digest()).decode()}'",
        "base-uri 'none'",
        "form-action 'none'",
    )
)
"""What a page may load: nothing, and no style but its own, so that not even a mistake of ours could run anything."""


def textures() -> Element:
    """Return the textures that tell parts of a chart apart without colour: stripes, dots, and stripes the other way."""
    return tag(
        "svg",
        tag(
            "defs",
            _texture("poor", 6, tag("path", class_="p-cut", d="M-1 1L1 -1M0 6L6 0M5 7L7 5")),
            _texture("mid", 5, tag("circle", class_="p-dot", cx=2.5, cy=2.5, r=1)),
            _texture("unsure", 5, tag("path", class_="p-cut", d="M2.5 0V5")),
        ),
        class_="defs",
        aria_hidden="true",
    )


def _texture(key: str, size: int, ink: Element) -> Element:
    return tag(
        "pattern",
        tag("rect", class_=f"p-{key}", width=size, height=size),
        ink,
        id=key,
        width=size,
        height=size,
        patternUnits="userSpaceOnUse",
    )
