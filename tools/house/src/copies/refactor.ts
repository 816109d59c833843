/** A refactor that nobody would dare: every file gets another name, every file's imports and functions another order. */
import { posix } from 'node:path'

/** The scripts of a package under other names, in other folders, with what they define the other way round. */
export function turnedRound(scripts: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const names = new Map([...scripts.keys()].map((path) => [path, moved(path)]))
  return new Map([...scripts].map(([path, script]) => [names.get(path)!, reordered(withImports(script, path, names))]))
}

/** "recipes/adam.js" becomes "recipes-moved/adam-moved.js"; the package's entry stays, for its package.json names it. */
function moved(path: string): string {
  return path === 'index.js' ? path : path.replace(/[^/.]+(?=\/|\.)/g, (part) => `${part}-moved`)
}

/** Paths to other files follow their names. */
function withImports(script: string, path: string, names: ReadonlyMap<string, string>): string {
  const from = posix.dirname(names.get(path)!)
  return script.replace(/(["'])(\.{1,2}\/[^"'\n]+\.js)\1/g, (whole, quote: string, target: string) => {
    const name = names.get(posix.join(posix.dirname(path), target))
    if (name === undefined) return whole
    const relative = posix.relative(from, name)
    return `${quote}${relative.startsWith('.') ? relative : `./${relative}`}${quote}`
  })
}

/** Imports, re-exports and top-level functions, each in the opposite order, in the places where such things stood. */
export function reordered(script: string): string {
  const chunks: string[] = []
  let open = false
  for (const line of script.split('\n')) {
    if (open) chunks[chunks.length - 1] += `\n${line}`
    else chunks.push(line)
    if (FUNCTION.test(line)) open = true
    if (line === '}') open = false
  }
  for (const kind of [/^import .*;$/, /^export .* from .*;$/, FUNCTION]) {
    const places = [...chunks.keys()].filter((i) => kind.test(chunks[i]!))
    const contents = places.map((i) => chunks[i]!).reverse()
    for (const [i, place] of places.entries()) chunks[place] = contents[i]!
  }
  return chunks.join('\n')
}

const FUNCTION = /^(?:export )?(?:async )?function /
