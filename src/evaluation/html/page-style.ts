/** The whole style of the page; every colour is named once for light and once for dark. */
export const pageStyle = `
:root {
  color-scheme: light dark;
  --page: #fff; --text: #1c2127; --quiet: #59636e; --line: #dfe3e8; --panel: #f5f7f9;
  --score: #1f5fbf; --threshold: #b3261e; --label: #f0b429; --flagged: #b3261e; --unknown: #8c96a0;
  --alert: #7a1fa2; --best: #0b6b3a; --link: #1f5fbf;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14181d; --text: #e4e8ec; --quiet: #a3adb8; --line: #323a43; --panel: #1d232a;
    --score: #7fb2ff; --threshold: #ff8a80; --label: #d99a1c; --flagged: #ff8a80; --unknown: #77818c;
    --alert: #d59bf0; --best: #6fd39b; --link: #8ab8ff;
  }
  .map { filter: brightness(1.35); }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2rem clamp(1rem, 4vw, 3rem) 4rem; max-width: 84rem;
  background: var(--page); color: var(--text);
  font: 1rem/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif;
  font-variant-numeric: tabular-nums;
}
h1 { margin: 0 0 .5rem; font-size: 1.75rem; line-height: 1.2; letter-spacing: -.01em; }
h2 { margin: 3rem 0 .75rem; font-size: 1.25rem; }
h3 { margin: 0; font-size: 1rem; overflow-wrap: anywhere; }
p { max-width: 48rem; }
a { color: var(--link); }
.verdict { font-size: 1.125rem; margin: 0; }
.note, .facts, .spread, .meanings dd { color: var(--quiet); }
.note, .facts { font-size: .875rem; }
.facts { margin: .125rem 0 0; max-width: none; }
.facts span { margin-right: 1rem; white-space: nowrap; }
summary { cursor: pointer; color: var(--quiet); font-size: .875rem; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }

.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .875rem; }
th, td { padding: .375rem .625rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
tbody th, th:first-child, .text { text-align: left; }
td.text { white-space: normal; overflow-wrap: anywhere; }
tbody th { font-weight: 500; }
thead th { color: var(--quiet); font-weight: 600; vertical-align: bottom; white-space: normal; }
th:first-child { position: sticky; left: 0; background: var(--page); }
thead abbr { text-decoration: underline dotted; text-underline-offset: 3px; cursor: help; }
tr.own, tr.own th { background: var(--panel); }
tr.own th { font-weight: 700; }
.best { font-weight: 700; color: var(--best); }
.star { color: var(--best); }
.sortable button { all: unset; cursor: pointer; }
.sortable th:first-child { overflow-wrap: anywhere; min-width: 6rem; }
.sortable button:focus-visible { outline: 2px solid var(--link); }
.sortable button::after { content: '↕'; margin-left: .25rem; opacity: .45; }
.sortable [aria-sort=ascending] button::after { content: '↑'; opacity: 1; }
.sortable [aria-sort=descending] button::after { content: '↓'; opacity: 1; }
.meanings { display: grid; grid-template-columns: repeat(auto-fill, minmax(18rem, 1fr)); gap: .75rem 2rem; font-size: .875rem; }
.meanings dt { font-weight: 600; }
.meanings dd { margin: 0; }

figure { margin: 0; }
svg { display: block; width: 100%; overflow: visible; font-size: .75rem; }
svg svg { overflow: hidden; }
.grid { stroke: var(--line); }
.tick, .axis-name { fill: var(--quiet); text-anchor: end; }
.below, .rows .tick { text-anchor: middle; }
.rows .tick:last-child { text-anchor: end; }
.curve {
  fill: none; stroke: var(--score); stroke-width: 1.25; stroke-linejoin: round; stroke-linecap: round;
  vector-effect: non-scaling-stroke;
}
.halo { stroke: var(--page); stroke-width: 3.5; stroke-opacity: .75; }
.threshold { stroke: var(--threshold); stroke-width: 1.25; stroke-dasharray: 5 4; }

.tradeoff { display: flex; flex-wrap: wrap; gap: 1rem 3rem; }
.chart { flex: 1 1 24rem; max-width: 44rem; padding: 1.5rem 1rem 0 2.5rem; }
.chart svg { height: 300px; }
.chart svg svg { height: 100%; }
.chart .curve { stroke-width: 2; }
.axis-below { margin: 2rem 0 0; font-size: .75rem; color: var(--quiet); text-align: center; }
.tradeoff figcaption { flex: 1 1 18rem; max-width: 30rem; padding-top: 1rem; }
.legend { list-style: none; margin: 0; padding: 0; font-size: .875rem; }
.legend li { padding: .125rem 0; }
.legend li b { display: inline-block; min-width: 1.25rem; }
.legend li.ring::before {
  content: ''; display: inline-block; width: .75rem; height: .75rem; margin-right: .5rem; vertical-align: -.0625rem;
  border: 2px solid var(--threshold); border-radius: 50%;
}
.legend .own { font-weight: 600; }
.shipped { fill: none; stroke: var(--threshold); stroke-width: 2.5; }
.mark circle { fill: var(--text); stroke: var(--page); stroke-width: 1.5; }
.mark text { fill: var(--text); text-anchor: middle; font-weight: 600; paint-order: stroke; stroke: var(--page); stroke-width: 3px; }
.mark.own circle, .mark.own text { fill: var(--score); }

.key { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; margin: 0 0 1.5rem; padding: 0; list-style: none; font-size: .875rem; color: var(--quiet); max-width: none; }
.key i { display: inline-block; width: 1.25rem; height: .75rem; margin-right: .5rem; vertical-align: -.0625rem; }
.key .label { background: color-mix(in srgb, var(--label) 40%, transparent); }
.key .training { background: color-mix(in srgb, var(--unknown) 22%, transparent); }
.key .flagged { background: var(--flagged); }
.key .threshold { height: 0; border-top: 2px dashed var(--threshold); vertical-align: .25rem; }
.key .alert { width: 0; border-left: 2px solid var(--alert); }
.key .map { background: linear-gradient(90deg, transparent, rgb(214 72 28)); }
.file { margin: 0 0 2.5rem; padding-top: 1rem; border-top: 1px solid var(--line); content-visibility: auto; contain-intrinsic-size: auto 26rem; }
.plot { padding: 2rem .5rem 0 var(--gutter); }
.score { height: 11rem; }
.score .label { fill: var(--label); fill-opacity: .32; stroke: var(--label); stroke-opacity: .45; vector-effect: non-scaling-stroke; }
.score .training { fill: var(--unknown); fill-opacity: .2; }
.alert line { stroke: var(--alert); stroke-width: 1.25; }
.alert text { fill: var(--alert); font-weight: 600; }
.alert .guilty { font-weight: 400; }
.lanes { margin-top: .375rem; }
.lanes .label { fill: var(--label); }
.lanes .flagged { fill: var(--flagged); }
.lanes .unknown { fill: var(--unknown); }
.lanes path { stroke: none; }
.attribution { position: relative; margin-top: .5rem; --line-height: 13px; height: calc(var(--channels) * var(--line-height)); background: var(--panel); }
.attribution.dense { --line-height: 4px; }
.attribution ol {
  position: absolute; right: 100%; width: var(--gutter); margin: 0; padding: 0 8px 0 0; list-style: none;
  text-align: right; font-size: 11px; line-height: var(--line-height); color: var(--quiet);
}
.attribution li { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.map { display: block; width: 100%; height: 100%; image-rendering: pixelated; }
.alerts { margin-top: .25rem; }
#settings { width: 100%; }
#settings th { overflow-wrap: anywhere; white-space: normal; min-width: 10rem; width: 18rem; }

@media (max-width: 640px) {
  body { padding-inline: 1rem; }
  .guilty { display: none; }
  th, td { padding-inline: .5rem; }
}
@media print {
  .file { break-inside: avoid; content-visibility: visible; }
}
`;
