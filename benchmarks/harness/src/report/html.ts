/** Self-contained report pages: one paper's claims, plots, levels and how to rerun them; and all papers' claims. */
import type { ClaimRecord, Results } from '../claims/types.js'
import { seedsText } from '../experiment/seeds.js'
import { type LevelTable, levelTables } from './levels.js'
import { CLAIMS_NOTE, claimsHtml, escapeHtml, page } from './page.js'
import { plotsOf, renderPlot } from './plot.js'
import { seedsOf } from './series.js'
import { datasetText, durationText, PROFILE_TEXT, subtitle, tally } from './words.js'

/** One paper's part of a report. */
export interface Section {
  readonly results: Results
  readonly claims: readonly ClaimRecord[]
}

/** The page of one paper. Nothing on it is loaded from elsewhere, and the same results give the same bytes. */
export async function paperPage({ results, claims }: Section): Promise<string> {
  const figures = await Promise.all(plotsOf(results).map((plot) => renderPlot(results, plot)))
  const measured = results.rows.length > 0
  return page(
    results.title,
    `<p class="dim">${escapeHtml(tally(claims))}</p>
${basisHtml(results)}
<h2>Claims</h2>
${claimsHtml(claims)}
${CLAIMS_NOTE}
${measured ? `<h2>Plots</h2>\n${figures.map((svg) => `<figure>${svg}</figure>`).join('\n')}` : ''}
${measured ? `<h2>Levels</h2>\n${levelsHtml(results)}` : ''}
${environmentsHtml(results)}
<h2>Rerun</h2>
<pre>${escapeHtml(rerunCommand(results))}</pre>
<p class="dim">What the store has already is not run again. The rows behind every figure, with the stages that measured them, are in results.json beside this page.</p>`,
  )
}

/** The joint page: every paper's claims, with a link to each paper's own page, and the papers that have not run. */
export function jointPage(
  papers: readonly { title: string; link: string; claims: readonly ClaimRecord[] }[],
  missing: readonly string[] = [],
): string {
  const parts = papers.map(
    ({ title, link, claims }) =>
      `<h2><a href="${escapeHtml(link)}">${escapeHtml(title)}</a></h2>\n<p class="dim">${escapeHtml(tally(claims))}</p>\n${claimsHtml(claims)}`,
  )
  const absent = missing.map(
    (paper) =>
      `<h2>${escapeHtml(paper)}</h2>\n<p>No results yet; run</p>\n<pre>npx tickets bench ${escapeHtml(paper)}</pre>`,
  )
  return page('winning-tickets: claims and verdicts', [...parts, ...absent, CLAIMS_NOTE].join('\n'))
}

/** What the verdicts rest on, before any of them. */
function basisHtml(results: Results): string {
  const seeds = seedsOf(results)
  const interval =
    seeds.length < 10 ? 'Student’s t over seeds, paired by seed' : 'bootstrap of 10,000 resamples, paired by seed'
  const entries: [string, string][] = [
    ['data', datasetText(results)],
    ['profile', PROFILE_TEXT[results.profile]],
    ['seeds', seeds.length === 0 ? 'none yet' : String(seeds.length)],
    ['intervals', `95%, ${interval}`],
    ...(results.deviations ?? []).map((text): [string, string] => ['unlike the paper', text]),
  ]
  const items = entries.map(([term, text]) => `<dt>${term}</dt><dd>${escapeHtml(text)}</dd>`)
  return `<dl>\n${items.join('\n')}\n</dl>`
}

function levelsHtml(results: Results): string {
  const note = subtitle(results)
  return levelTables(results)
    .map((table) => levelTableHtml(table, note))
    .join('\n<br>\n')
}

function levelTableHtml({ caption, arms, rows }: LevelTable, note: string): string {
  const cell = (content: LevelTable['rows'][number]['cells'][number]) => {
    if (content === undefined) return '<td></td>'
    const at = content.at === undefined ? '' : `<br><span class="dim">${content.at}</span>`
    return `<td class="number">${content.text}${at}</td>`
  }
  const body = rows.map(
    ({ percent, cells }) => `<tr><td class="number">${percent}</td>${cells.map(cell).join('')}</tr>`,
  )
  return `<div class="scroll"><table class="levels"><caption>${escapeHtml(`${caption}. ${note}.`)}</caption>
<thead><tr><th>left %</th>${arms.map((arm) => `<th>${escapeHtml(arm)}</th>`).join('')}</tr></thead>
<tbody>
${body.join('\n')}
</tbody></table></div>`
}

function environmentsHtml({ environments = [] }: Results): string {
  if (environments.length === 0) return ''
  const rows = environments.map(({ cpu, engine, node, runs, seconds }) => {
    const cells = [cpu, engine, node, String(runs), durationText(seconds)]
    return `<tr>${cells.map((text) => `<td>${escapeHtml(text)}</td>`).join('')}</tr>`
  })
  return `<h2>Where it ran</h2>
<div class="scroll"><table><caption>As observed. Times are of training runs, one after the other; workers run side by side.</caption>
<thead><tr><th>processor</th><th>engine</th><th>Node</th><th>runs</th><th>time</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody></table></div>`
}

/** The command that makes these runs again, or finds them in the store, with those of any seeds between them. */
function rerunCommand(results: Results): string {
  const seeds = seedsOf(results)
  const [first, last] = [seeds[0], seeds.at(-1)]
  const option = first === undefined || last === undefined ? '' : ` --seeds ${seedsText({ first, last })}`
  return `npx tickets bench ${results.paper} --profile ${results.profile}${option}`
}
