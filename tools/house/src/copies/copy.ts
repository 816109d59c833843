/** Runnable copies of the packages outside the checkout, made of edited sources. */
import { cpSync, existsSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Edit, edited } from './edit.js'
import { javascript, type PackageName, packages, root, sourcesOf, sourceText } from './sources.js'

export interface CopyOptions {
  readonly edits?: readonly Edit[]
  /** The packages that are copied; the others are those of the copy `base`. */
  readonly copied: readonly PackageName[]
  readonly base?: string
  /** Tests that are copied too, by their paths in the repository. */
  readonly tests?: readonly string[]
  /** A last change to the scripts of a package, by their paths in its `dist`. */
  readonly rework?: (scripts: ReadonlyMap<string, string>) => ReadonlyMap<string, string>
}

/** A folder for copies, in which they find the dependencies of the repository. */
export function workshop(): { readonly folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'house-copies-'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** Makes a copy in the workshop: `<name>/packages/core/dist/index.js` ... Edits that do not fit are errors. */
export async function makeCopy(
  workshop: string,
  name: string,
  { edits = [], copied, base, tests = [], rework = (scripts) => scripts }: CopyOptions,
): Promise<string> {
  const copy = join(workshop, name)
  const links = join(copy, 'node_modules/@winning-tickets')
  mkdirSync(links, { recursive: true })
  const unused = new Set(edits)
  for (const [linked, folder] of Object.entries(packages) as [PackageName, string][]) {
    const isCopied = copied.includes(linked)
    const home = isCopied || base === undefined ? copy : join(workshop, base)
    symlinkSync(join(home, folder), join(links, linked))
    if (!isCopied) continue
    const scripts = new Map<string, string>()
    for (const file of sourcesOf(linked, tests)) {
      const text = edited(file, sourceText(file), edits)
      for (const edit of edits) if (edit.file === file) unused.delete(edit)
      scripts.set(file.slice(`${folder}/src/`.length).replace(/\.ts$/, '.js'), await javascript(file, text))
    }
    write(workshop, join(copy, folder, 'dist'), rework(scripts))
    cpSync(join(root, folder, 'package.json'), join(copy, folder, 'package.json'))
    if (existsSync(join(root, folder, 'data'))) symlinkSync(join(root, folder, 'data'), join(copy, folder, 'data'))
  }
  const [stray] = unused
  if (stray)
    throw new Error(`There is no source ${stray.file} among those copied; update the edit under tools/house/src.`)
  return copy
}

/** Where a workshop first got a script, by the workshop and the script. */
const places = new Map<string, string>()

/** Equal scripts of a workshop are one file with many names, which is thirty times faster than as many files. */
function write(workshop: string, folder: string, scripts: ReadonlyMap<string, string>): void {
  const folders = new Set([...scripts.keys()].map((path) => dirname(join(folder, path))))
  for (const each of folders) mkdirSync(each, { recursive: true })
  for (const [path, script] of scripts) {
    const place = join(folder, path)
    const first = places.get(`${workshop}\n${script}`)
    if (first !== undefined) {
      linkSync(first, place)
      continue
    }
    writeFileSync(place, script)
    places.set(`${workshop}\n${script}`, place)
  }
}
