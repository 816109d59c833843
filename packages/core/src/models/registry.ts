/** All models by name: a new model is one file and one line here. */
import { UserError } from '../errors.js'
import { convNets } from './conv-nets.js'
import { lenet5 } from './lenet-5.js'
import { lenet300100Defaults, type MlpOptions, mlp } from './mlp.js'
import type { Model } from './model.js'
import { preResnets } from './pre-resnet.js'
import { resnets } from './resnet.js'
import { vggs } from './vgg.js'
import { wideResnets } from './wide-resnet.js'

const registry = {
  'lenet-300-100': (options?: Partial<MlpOptions>) => mlp('lenet-300-100', { ...lenet300100Defaults, ...options }),
  'lenet-5-caffe': lenet5,
  ...convNets,
  ...vggs,
  ...resnets,
  ...wideResnets,
  ...preResnets,
} as const satisfies Record<string, (options?: never) => Model>

export type ModelName = keyof typeof registry

export const modelNames = Object.keys(registry) as readonly ModelName[]

/** Models that were asked for, by name and options: they hold no weights, and a plan asks for the same few thousands of times. */
const made = new Map<string, Model>()

/**
 * The model of a name, with options that differ from its defaults: `model('lenet-300-100', { hidden: [20, 10] })`. The same
 * model is made once.
 *
 * @throws UserError for an unknown name or a wrong option
 */
export function model<Name extends ModelName>(name: Name, options?: Parameters<(typeof registry)[Name]>[0]): Model {
  if (!Object.hasOwn(registry, name)) {
    throw new UserError(`There is no model "${name}"; there are ${modelNames.join(', ')}.`)
  }
  const key = JSON.stringify([name, options])
  let known = made.get(key)
  if (known === undefined) {
    known = (registry[name] as (given: typeof options) => Model)(options)
    made.set(key, known)
  }
  return known
}
