/** What every report page is made of: the shell, safe text, and the table of claims. */
import type { ClaimRecord } from '../claims/types.js'
import { STYLE } from './style.js'
import { count, effectText, short } from './words.js'

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
export const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (character) => ENTITIES[character]!)

export const page = (title: string, body: string) => `<!doctype html>
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

const SIGNS = { supported: '✓', contradicted: '✗', inconclusive: '≈', 'not run': '–' } as const

function claimRow(claim: ClaimRecord): string {
  const run = claim.verdict !== 'not run'
  const [measure] = claim.unit.split(' ')
  const detectable = claim.detectable === null ? '' : `, could show ${short(claim.detectable)}\u00a0${measure}`
  const seeds = run ? `<br><span class="dim">${escapeHtml(`${count(claim.seeds, 'seed')}${detectable}`)}</span>` : ''
  return `<tr><td>${escapeHtml(claim.id)}</td>
<td>${escapeHtml(claim.title)}<br><span class="dim">${escapeHtml(claim.detail)}</span></td>
<td class="verdict ${claim.verdict.replace(' ', '-')}">${SIGNS[claim.verdict]} ${claim.verdict}</td>
<td class="number" data-label="effect">${escapeHtml(effectText(claim))}${seeds}</td>
<td data-label="the paper">${escapeHtml(claim.paper)}</td></tr>`
}

/** A claim a row, by the data and profile they rest on. */
export function claimsHtml(claims: readonly ClaimRecord[]): string {
  const headings = [...new Set(claims.map(headingOf))]
  return headings
    .map(
      (heading) => `<table class="claims"><caption>${escapeHtml(heading)}</caption>
<thead><tr><th>claim</th><th>what it says</th><th>verdict</th><th>effect [95% interval]</th><th>the paper</th></tr></thead>
<tbody>
${claims
  .filter((claim) => headingOf(claim) === heading)
  .map(claimRow)
  .join('\n')}
</tbody></table>`,
    )
    .join('\n')
}

/** What the table's words mean, once a page. */
export const CLAIMS_NOTE =
  '<p class="dim">An interval that straddles the claim’s margin decides nothing. “Could show” is the smallest effect that a two-sided test of these seeds finds with 80% power.</p>'

const headingOf = ({ dataset, profile }: ClaimRecord) => `${dataset}, profile ${profile}`
