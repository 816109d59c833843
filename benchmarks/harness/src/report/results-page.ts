/** RESULTS.md: every claim beside the paper's figure, from committed evidence alone. */
import type { ClaimRecord, Results } from '../claims/types.js'
import type { Profile } from '../experiment/profile.js'
import { seedsOf } from './series.js'
import { count, datasetText, durationText, effectText, PROFILE_TEXT, tally } from './words.js'

/** An experiment at one profile, with its claims; `folder` is its evidence, relative to the page. */
export interface EvidenceSection {
  readonly results: Results
  readonly claims: readonly ClaimRecord[]
  readonly folder: string
  /** Names of plots in the folder. */
  readonly plots: readonly { readonly title: string; readonly file: string }[]
}

const HEAD = `# Results

What the claims of the papers come to here, judged by the evidence that is committed in this repository. The page is
generated: \`npx tickets evidence export\` writes it from the records under \`benchmarks/*/results/\`, and a test compares the
two. \`npx tickets claims\` prints the same verdicts, \`--json\` for programs; \`npx tickets bench <paper> --profile <profile>\`
runs what is missing.

A verdict is *supported* or *contradicted* where the 95% interval over seeds (t, paired by seed) lies on one side of the
claim's margin (LMC-3 is supported by a count of cells), else *inconclusive*. Each claim is judged at its own 95%; nothing is
corrected for their number.
`

/** The page as Markdown. */
export function resultsPage(sections: readonly EvidenceSection[]): string {
  const titles = [...new Set(sections.map(({ results }) => results.title))]
  const parts = titles.map((title) => {
    const own = sections.filter(({ results }) => results.title === title)
    return [`## ${title}`, ...own.map(sectionText)].join('\n\n')
  })
  return `${[HEAD.trimEnd(), ...parts].join('\n\n')}\n`
}

const BEGIN = '<!-- claims: written by "npx tickets evidence export" -->'
const END = '<!-- /claims -->'

/** A README with the table of claims between its two marks, if it has them, brought up to date. */
export function withClaims(readme: string, sections: readonly EvidenceSection[]): string {
  const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)]
  if (begin < 0 || end < begin) return readme
  return `${readme.slice(0, begin)}${BEGIN}\n\n${claimsByExperiment(sections)}\n\n${readme.slice(end)}`
}

/** A table an experiment; below its title, if there are several. */
function claimsByExperiment(sections: readonly EvidenceSection[]): string {
  const titles = [...new Set(sections.map(({ results }) => results.title))]
  const tables = titles.map((title) => ({
    title,
    table: claimsByProfile(sections.filter(({ results }) => results.title === title)),
  }))
  if (tables.length <= 1) return tables.map(({ table }) => table).join('')
  return tables.map(({ title, table }) => `**${title}**\n\n${table}`).join('\n\n')
}

/** A claim a row, a profile a column. */
function claimsByProfile(sections: readonly EvidenceSection[]): string {
  const head = [
    'claim',
    'what it says',
    ...sections.map(({ results }) => {
      const seeds = count(seedsOf(results).length, 'seed')
      return `profile \`${results.profile}\`, ${datasetText(results)}, ${seeds}`
    }),
    'the paper',
  ]
  const ids = [...new Set(sections.flatMap(({ claims }) => claims.map(({ id }) => id)))]
  const rows = ids.map((id) => {
    const own = sections.map(({ claims }) => claims.find((claim) => claim.id === id))
    const { title, paper } = own.find((claim) => claim !== undefined)!
    const verdicts = own.map((claim) => (claim ? `**${claim.verdict}** ${effectText(claim)}` : ''))
    return [id, title, ...verdicts, paper]
  })
  return markdownTable(head, rows)
}

function sectionText({ results, claims, folder, plots }: EvidenceSection): string {
  const { profile, rows, environments = [] } = results
  const seeds = seedsOf(results)
  const lines = [
    `### ${heading(profile)}: ${datasetText(results)}, ${count(seeds.length, 'seed')}`,
    `${PROFILE_TEXT[profile]} ${count(rows.length, 'result')}: ${tally(claims)}.`,
    ...(results.deviations?.length
      ? [`Differs from the paper:\n\n${results.deviations.map((text) => `- ${text}`).join('\n')}`]
      : []),
    claimsMarkdown(claims, folder),
    ...(plots.length > 0 ? [plots.map(({ title, file }) => `![${title}](${folder}/${file})`).join('\n')] : []),
    environments
      .map(
        ({ cpu, engine, node, runs, seconds }) =>
          `Made on ${cpu.trim()}, ${engine}, Node ${node}: ${count(runs, 'run')}, ${durationText(seconds)} on one core.`,
      )
      .join('\n'),
  ]
  return lines.filter(Boolean).join('\n\n')
}

const heading = (profile: Profile) => `Profile \`${profile}\``

function claimsMarkdown(claims: readonly ClaimRecord[], folder: string): string {
  const rows = claims.map((claim) => [
    claim.id,
    claim.title,
    `**${claim.verdict}**`,
    effectText(claim),
    claim.paper,
    String(claim.seeds),
    `[records](${folder})`,
  ])
  const head = ['claim', 'what it says', 'verdict', 'ours [95% interval]', 'the paper', 'seeds', 'evidence']
  return markdownTable(head, rows)
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows.map((row) => row.map(cell))]
  return lines.map((row) => `| ${row.join(' | ')} |`).join('\n')
}

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
