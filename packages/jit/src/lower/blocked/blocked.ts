/** Ops in ONNX Runtime's blocked layout: its own domain, which has shapes as if channels came first. */
import type { Lowering } from '../context.js'
import { convolutions } from './convolutions.js'
import { layouts } from './layouts.js'
import { poolings } from './poolings.js'

export const blocked: Record<string, Lowering> = { ...layouts, ...convolutions, ...poolings }
