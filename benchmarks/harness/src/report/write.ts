/** Writes a paper's report into a folder, and joins the reports of several papers. */
import { mkdir, readFile } from 'node:fs/promises'
import { basename, dirname, join, relative, sep } from 'node:path'
import { UserError, writeAtomic } from '@winning-tickets/core'
import type { ClaimRecord } from '../claims/types.js'
import { jointPage, paperPage, type Section } from './html.js'
import { plotsOf, renderPlot } from './plot.js'
import { type SavedSection, savedSchema } from './saved.js'

/** Writes index.html, the plots as SVG, and results.json; returns the page's path. */
export async function writeReport(section: Section, folder: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  const put = (name: string, text: string) => writeAtomic(join(folder, name), text)
  for (const plot of plotsOf(section.results)) {
    await put(`${plot.name}.svg`, await renderPlot(section.results, plot))
  }
  await put('results.json', `${JSON.stringify({ version: 1, ...section } satisfies SavedSection, null, 1)}\n`)
  await put('index.html', await paperPage(section))
  return join(folder, 'index.html')
}

/**
 * The report that was written into a folder; undefined if there is none.
 *
 * @throws UserError if the file is there but is no report of this version
 */
export async function readReport(folder: string): Promise<SavedSection | undefined> {
  const file = join(folder, 'results.json')
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new UserError(`${file} cannot be read (${code}): check its permissions.`)
  }
  try {
    return savedSchema.parse(JSON.parse(text))
  } catch {
    throw new UserError(`${file} is not a report of this version of tickets: delete it and run the bench again.`)
  }
}

/** Joins the reports found in the folders into one page; returns the claims of all, and the experiments without a report. */
export async function writeJointReport(folders: readonly string[], page: string) {
  const papers: { title: string; link: string; claims: readonly ClaimRecord[] }[] = []
  const missing: string[] = []
  for (const folder of folders) {
    const saved = await readReport(folder)
    if (!saved) missing.push(basename(folder))
    else {
      const link = relative(dirname(page), join(folder, 'index.html')).split(sep).map(encodeURIComponent).join('/')
      papers.push({ title: saved.results.title, link, claims: saved.claims })
    }
  }
  await mkdir(dirname(page), { recursive: true })
  await writeAtomic(page, jointPage(papers, missing))
  return { claims: papers.flatMap(({ claims }) => claims), missing }
}
