/** All models by name: a new model is one file and one line here. */
import { UserError } from '../errors.js'
import { type ConvNetOptions, convNet } from './conv-nets.js'
import { type Lenet5Options, lenet5 } from './lenet-5.js'
import { lenet300100Defaults, type MlpOptions, mlp } from './mlp.js'
import type { Model } from './model.js'
import { type PreResnetDepth, type PreResnetOptions, preResnet } from './pre-resnet.js'
import { cifarResnet, type ResnetDepth, type ResnetOptions, resnet18 } from './resnet.js'
import { type VggDepth, type VggOptions, vgg } from './vgg.js'
import { type WideResnetOptions, wideResnet } from './wide-resnet.js'

const convNets = (pairs: 1 | 2 | 3) => (options?: ConvNetOptions) => convNet(pairs, options)
const vggs = (depth: VggDepth) => (options?: VggOptions) => vgg(depth, options)
const resnets = (depth: ResnetDepth) => (options?: ResnetOptions) => cifarResnet(depth, options)
const wide = (depth: 16 | 22, widen: number) => (options?: WideResnetOptions) => wideResnet(depth, widen, options)
const preResnets = (depth: PreResnetDepth) => (options?: PreResnetOptions) => preResnet(depth, options)

const registry = {
  'lenet-300-100': (options?: Partial<MlpOptions>) => mlp('lenet-300-100', { ...lenet300100Defaults, ...options }),
  'lenet-5-caffe': (options?: Lenet5Options) => lenet5(options),
  'conv-2': convNets(1),
  'conv-4': convNets(2),
  'conv-6': convNets(3),
  'vgg-11': vggs(11),
  'vgg-13': vggs(13),
  'vgg-16': vggs(16),
  'vgg-19': vggs(19),
  'resnet-8': resnets(8),
  'resnet-14': resnets(14),
  'resnet-20': resnets(20),
  'resnet-32': resnets(32),
  'resnet-56': resnets(56),
  'resnet-18': (options?: ResnetOptions) => resnet18(options),
  'wrn-16-8': wide(16, 8),
  'wrn-16-10': wide(16, 10),
  'wrn-22-8': wide(22, 8),
  'preresnet-11': preResnets(11),
  'preresnet-20': preResnets(20),
  'preresnet-56': preResnets(56),
  'preresnet-101': preResnets(101),
  'preresnet-164': preResnets(164),
} as const satisfies Record<string, (options?: never) => Model>

export type ModelName = keyof typeof registry

export const modelNames = Object.keys(registry) as readonly ModelName[]

/**
 * The model of a name, with options that differ from its defaults: `model('lenet-300-100', { hidden: [20, 10] })`.
 *
 * @throws UserError for an unknown name or a wrong option
 */
export function model<Name extends ModelName>(name: Name, options?: Parameters<(typeof registry)[Name]>[0]): Model {
  if (!Object.hasOwn(registry, name)) {
    throw new UserError(`There is no model "${name}"; there are ${modelNames.join(', ')}.`)
  }
  return (registry[name] as (given: typeof options) => Model)(options)
}
