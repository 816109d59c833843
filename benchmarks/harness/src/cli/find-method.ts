/** The methods of `tickets find`: their names, their options and the help on both. */
import { type JsonObject, type Method, parseConfig, UserError } from '@winning-tickets/core'
import { z } from 'zod'
import { meant } from './setup.js'

/** @throws UserError for a name that no package offers */
export function methodNamed(methods: readonly Method[], name: string): Method {
  const names = methods.map((method) => method.name)
  const found = meant(name, names)
  if (found === undefined) throw new UserError(`There is no method "${name}"; choose one of ${names.join(', ')}.`)
  return methods.find((method) => method.name === found)!
}

/**
 * The method's options for a density, checked, with defaults written out.
 *
 * @throws UserError that names the wrong option, and those that there are
 */
export function chosenOptions(method: Method, density: number, given: JsonObject): JsonObject {
  if ('density' in given) {
    throw new UserError(
      `--option density=${JSON.stringify(given.density)} says again what --density ${density} says; leave it out.`,
    )
  }
  const known = fieldsOf(method)
  const unknown = Object.keys(given).find((key) => !known.some(({ key: name }) => name === key))
  if (unknown !== undefined) {
    throw new UserError(
      `The method ${method.name} has no option "${unknown}"; it has ${known.map(({ key }) => key).join(', ')}.`,
    )
  }
  try {
    return parseConfig(method.options, method.forDensity(density, given), `${method.name} method`)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    throw new UserError(`${error.message.replace(/\.$/, '')}; see "tickets find --help" for its options.`)
  }
}

interface Field {
  readonly key: string
  /** The default, or what may be given. */
  readonly says: string
}

/** The options of a method by its schema, without the density, which has a flag. */
function fieldsOf({ options }: Method): Field[] {
  const schema = z.toJSONSchema(options, { io: 'input', unrepresentable: 'any' })
  return Object.entries(schema.properties ?? {}).flatMap(([key, field]) =>
    key === 'density' || typeof field === 'boolean' ? [] : [{ key, says: sayOf(field) }],
  )
}

function sayOf(field: z.core.JSONSchema.JSONSchema): string {
  const choices = Array.isArray(field.enum) ? ` (${field.enum.join(' | ')})` : ''
  const shown =
    field.default === undefined
      ? ''
      : `=${typeof field.default === 'string' ? field.default : JSON.stringify(field.default)}`
  return `${shown}${choices}`
}

/** A line a method and a line an option, for the help. */
export function methodList(methods: readonly Method[]): string {
  return methods
    .flatMap((method) => [
      `  ${method.name}${method.trains ? ' (trains)' : ''}`,
      ...fieldsOf(method).map(({ key, says }) => `      ${key}${says}`),
    ])
    .join('\n')
}
