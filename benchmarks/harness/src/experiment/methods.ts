/** Finds the methods of this repository: core's, and those of each paper's package. */
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { coreMethods, type Method, UserError } from '@winning-tickets/core'
import { z } from 'zod'
import { entriesOf } from './manifest.js'

/** packages/, seen from src/experiment and from dist/experiment alike. */
export const PACKAGES = fileURLToPath(new URL('../../../../packages/', import.meta.url))

const callable = z.custom<unknown>((value) => typeof value === 'function')
const moduleSchema = z.looseObject({
  methods: z.array(
    z.looseObject({ name: z.string(), trains: z.boolean(), forDensity: callable, findScored: callable }),
  ),
})

/**
 * All methods, core's first, then by package.
 *
 * @param packages the folder whose subfolders are the papers' packages
 * @throws UserError for a package that is not built or offers none, or a name that two of them have
 */
export async function discoverMethods(packages = PACKAGES): Promise<readonly Method[]> {
  const lists = await Promise.all(
    entriesOf(packages, 'methods').map(({ folder, entry }) => load(pathToFileURL(join(folder, entry)).href)),
  )
  const methods = [...coreMethods, ...lists.flat()]
  const twice = methods.find(({ name }, i) => methods.findIndex((other) => other.name === name) < i)
  if (twice !== undefined) throw new UserError(`Two packages have a method "${twice.name}"; rename one.`)
  return methods
}

async function load(url: string): Promise<readonly Method[]> {
  let loaded: { readonly methods: readonly Method[] }
  try {
    loaded = await import(url)
  } catch (error) {
    const [line] = (error instanceof Error ? error.message : String(error)).split('\n')
    throw new UserError(`The methods ${url} cannot be loaded (${line}): run "npm run build" first.`)
  }
  if (!moduleSchema.safeParse(loaded).success) {
    throw new UserError(
      `The module ${url} must export "methods", each with a name, trains, options, forDensity, findTicket and findScored.`,
    )
  }
  return loaded.methods
}
