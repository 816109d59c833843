/** The style of report pages: light and dark, from a phone to a desk, with nothing loaded from elsewhere. */
import { INK } from './plot-parts.js'

const dark = 'figure svg'

/** The plots' own ink, turned round for dark screens; CSS takes precedence over an SVG's attributes. */
const DARK_PLOTS = `
${dark} > rect { fill: transparent; }
${dark} text[fill="${INK.text}"] { fill: #dddddd; } ${dark} text[fill="${INK.dim}"] { fill: #a0a0a0; }
${dark} [stroke="${INK.dim}"] { stroke: #a0a0a0; } ${dark} path[fill="${INK.dim}"] { fill: #a0a0a0; }
${dark} [stroke="${INK.grid}"] { stroke: #303030; } ${dark} [stroke="${INK.frame}"] { stroke: #555555; }
${dark} [stroke="#0072B2"] { stroke: #3d9fe0; } ${dark} path[fill="#0072B2"] { fill: #3d9fe0; }`

export const STYLE = `
:root { color-scheme: light dark; --page: #fff; --text: #1d1d1f; --dim: #666; --line: #ddd; --soft: #f5f5f7;
  --supported: #1a7f37; --contradicted: #c0232c; --inconclusive: #8a5a00; --not-run: #666; }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 0 auto; padding: 1.5rem 1rem 4rem;
  background: var(--page); color: var(--text); overflow-wrap: break-word; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .75rem; }
a { color: inherit; }
.dim { color: var(--dim); font-size: .9em; }
.scroll { overflow-x: auto; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; margin: 1rem 0; padding: .8rem 1rem;
  background: var(--soft); border-radius: 8px; font-size: .92rem; }
dt { color: var(--dim); } dd { margin: 0; min-width: 0; }
table { border-collapse: collapse; font-size: .9rem; width: 100%; }
caption { caption-side: top; text-align: left; color: var(--dim); padding-bottom: .4rem; }
th { text-align: left; font-weight: 600; border-bottom: 2px solid var(--line); white-space: nowrap; }
th, td { vertical-align: top; padding: .45rem .7rem .45rem 0; }
td { border-bottom: 1px solid var(--line); }
.claims { table-layout: fixed; }
.claims th:nth-child(1) { width: 4.5rem; } .claims th:nth-child(3) { width: 8.5rem; }
.claims th:nth-child(4) { width: 12rem; } .claims th:nth-child(5) { width: 11.5rem; }
.number { font-variant-numeric: tabular-nums; } .levels .number { white-space: nowrap; }
.verdict { font-weight: 600; white-space: nowrap; color: var(--kind); }
.supported { --kind: var(--supported); } .contradicted { --kind: var(--contradicted); }
.inconclusive { --kind: var(--inconclusive); } .not-run { --kind: var(--not-run); }
figure { margin: 0 0 1.5rem; overflow-x: auto; } figure svg { display: block; width: 100%; min-width: 30rem; max-width: 46rem; height: auto; }
pre { background: var(--soft); padding: .7rem .9rem; border-radius: 8px; overflow-x: auto; margin: .5rem 0; }
@media (prefers-color-scheme: dark) {
:root { --page: #16171a; --text: #e6e6e6; --dim: #a0a0a0; --line: #34363b; --soft: #1f2126;
  --supported: #4cc46a; --contradicted: #ff7b72; --inconclusive: #e0b040; --not-run: #a0a0a0; }${DARK_PLOTS}
}
@media (max-width: 44rem) {
.claims, .claims tbody, .claims tr, .claims td, .claims caption { display: block; width: 100%; }
.claims thead { display: none; }
.claims tr { border: 1px solid var(--line); border-radius: 8px; padding: .6rem .8rem; margin-bottom: .8rem; }
.claims td { border: 0; padding: .15rem 0; }
.claims td[data-label]::before { content: attr(data-label) ": "; color: var(--dim); }
.claims td:first-child { font-weight: 600; }
dl { grid-template-columns: 1fr; } dd { margin-bottom: .4rem; }
}
`
