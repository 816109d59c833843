/** A self-contained HTML page: claims with verdicts, the paper's plots from our data, the levels, and how to rerun. */
import type { ClaimRecord, Results } from '../claims/types.js'
import { plots, renderPlot, subtitle } from './plot.js'
import { armsOf, series } from './series.js'
import { effectText } from './tables.js'

/** One paper's part of a page. */
export interface Section {
  readonly results: Results
  readonly claims: readonly ClaimRecord[]
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
export const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (character) => ENTITIES[character]!)

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --dim: #777; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; border-top: 1px solid var(--line); padding-top: 1rem; }
.dim { color: var(--dim); } .scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid var(--line); }
td.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
.verdict { font-weight: 600; white-space: nowrap; }
.supported { color: #1a7f37; } .contradicted { color: #cf222e; } .inconclusive { color: #9a6700; } .not-run { color: var(--dim); }
figure { margin: 1.5rem 0; } figure svg { max-width: 100%; height: auto; border-radius: 6px; }
pre { background: #8881; padding: .6rem .8rem; border-radius: 6px; overflow-x: auto; }
@media (prefers-color-scheme: dark) { .supported { color: #3fb950; } .contradicted { color: #f85149; } .inconclusive { color: #d29922; } }
`

const page = (title: string, body: string) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
${body}
</body>
</html>
`

function claimsRows(claims: readonly ClaimRecord[]): string {
  return claims
    .map((claim) => {
      const kind = claim.verdict.replace(' ', '-')
      const rests = claim.verdict === 'not run' ? '' : `${claim.dataset}, ${claim.profile}, ${claim.seeds} seeds`
      return `<tr><td>${escapeHtml(claim.id)}</td><td>${escapeHtml(claim.title)}<br><span class="dim">${escapeHtml(claim.detail)}</span></td>
<td class="verdict ${kind}">${claim.verdict}</td><td class="number">${escapeHtml(effectText(claim))}</td>
<td>${escapeHtml(claim.paper)}</td><td>${escapeHtml(rests)}</td></tr>`
    })
    .join('\n')
}

export const claimsHtml = (claims: readonly ClaimRecord[]) => `<div class="scroll"><table>
<thead><tr><th>claim</th><th>what it says</th><th>verdict</th><th>effect [95% interval]</th><th>the paper</th><th>rests on</th></tr></thead>
<tbody>
${claimsRows(claims)}
</tbody></table></div>`

function levelsHtml(results: Results): string {
  const arms = armsOf(results)
  const accuracy = series(results, 'testAccuracyAtEarlyStop')
  const stop = series(results, 'earlyStopIteration')
  const percents = [...new Set(accuracy.map(({ percent }) => percent.toFixed(2)))].sort((a, b) => Number(b) - Number(a))
  const rows = percents.map((percent) => {
    const cells = arms.map((arm) => {
      const at = (points: typeof accuracy) =>
        points.find((point) => point.arm === arm && point.percent.toFixed(2) === percent)
      const [point, iteration] = [at(accuracy), at(stop)]
      if (!point) return '<td></td>'
      const half = point.seeds < 2 ? '' : ` ± ${(50 * (point.high - point.low)).toFixed(2)}`
      return `<td class="number">${(100 * point.mean).toFixed(2)}${half}<br><span class="dim">@ ${iteration?.mean.toFixed(0) ?? '-'}</span></td>`
    })
    return `<tr><td class="number">${percent}</td>${cells.join('')}</tr>`
  })
  return `<p class="dim">Test accuracy (%) at the early-stop iteration, and that iteration. ${escapeHtml(subtitle(results))}.</p>
<div class="scroll"><table><thead><tr><th>left %</th>${arms.map((arm) => `<th>${escapeHtml(arm)}</th>`).join('')}</tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div>`
}

/** The page of one paper. Nothing on it is loaded from elsewhere, and the same results give the same bytes. */
export async function paperPage({ results, claims }: Section): Promise<string> {
  const figures = await Promise.all(plots.map((plot) => renderPlot(results, plot)))
  return page(
    results.title,
    `<p class="dim">${escapeHtml(subtitle(results))}</p>
<h2>Claims</h2>
${claimsHtml(claims)}
<h2>Plots</h2>
${figures.map((svg) => `<figure>${svg}</figure>`).join('\n')}
<h2>Levels</h2>
${levelsHtml(results)}
<h2>Rerun</h2>
<pre>npx tickets bench ${escapeHtml(results.paper)} --profile ${results.profile}</pre>`,
  )
}

/** The joint page: every paper's claims, with a link to each paper's own page. */
export function jointPage(papers: readonly { title: string; link: string; claims: readonly ClaimRecord[] }[]): string {
  const parts = papers.map(
    ({ title, link, claims }) =>
      `<h2><a href="${escapeHtml(link)}">${escapeHtml(title)}</a></h2>\n${claimsHtml(claims)}`,
  )
  return page('winning-tickets: claims and verdicts', parts.join('\n'))
}
