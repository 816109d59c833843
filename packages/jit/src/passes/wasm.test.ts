/** WebAssembly's numbers against the examples of its sources, and that modules are valid. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { moduleBytes, signed, unsigned, wasm } from './wasm.js'

describe('LEB128', () => {
  it('writes the examples of the DWARF standard (version 5, table 7.7 and 7.8)', () => {
    const examples: [number, number[]][] = [
      [2, [2]],
      [127, [127]],
      [128, [0x80, 1]],
      [129, [0x81, 1]],
      [12857, [0xb9, 100]],
    ]
    for (const [value, bytes] of examples) expect(unsigned(value)).toEqual(bytes)
    const withSign: [number, number[]][] = [
      [2, [2]],
      [-2, [0x7e]],
      [127, [0xff, 0]],
      [-127, [0x81, 0x7f]],
      [128, [0x80, 1]],
      [-128, [0x80, 0x7f]],
      [129, [0x81, 1]],
      [-129, [0xff, 0x7e]],
    ]
    for (const [value, bytes] of withSign) expect(signed(value)).toEqual(bytes)
  })

  it('is read again as the same number', () => {
    const read = (bytes: readonly number[]) => bytes.reduceRight((rest, byte) => rest * 128 + (byte & 127), 0)
    const size = (bytes: readonly number[]) => 128 ** bytes.length
    fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (n) => read(unsigned(n)) === n))
    fc.assert(
      fc.property(fc.integer(), (n) => {
        const bytes = signed(n)
        const value = read(bytes)
        return (bytes.at(-1)! & 64 ? value - size(bytes) : value) === n
      }),
    )
  })
})

describe('moduleBytes', () => {
  it('makes a module that runs on the memory it is given', () => {
    const memory = new WebAssembly.Memory({ initial: 1 })
    const body = [
      ...[...wasm.i32(0), ...wasm.setLocal(0)],
      ...wasm.loop([
        ...[...wasm.getLocal(0), ...wasm.getLocal(0), ...wasm.load(0), ...wasm.splat(-0.5), ...wasm.mul],
        ...[...wasm.store(1024), ...wasm.getLocal(0), ...wasm.i32(16), ...wasm.i32Add, ...wasm.teeLocal(0)],
        ...[...wasm.i32(200 * 4), ...wasm.i32Less],
      ]),
    ]
    const numbers = Float32Array.from({ length: 200 }, (_, i) => Math.sin(i))
    new Float32Array(memory.buffer).set(numbers)
    new WebAssembly.Instance(new WebAssembly.Module(moduleBytes(body, 0)), { host: { memory } }).exports.run()
    expect(new Float32Array(memory.buffer, 1024, 200)).toEqual(numbers.map((x) => x * -0.5))
  })
})
