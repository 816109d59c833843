/** The part of WebAssembly's binary format (core specification 2.0, chapter 5) that passes are written in. */

export const PAGE_BYTES = 65_536

/** An unsigned number in LEB128, as sizes, indices and addresses are written. */
export function unsigned(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...unsigned(Math.floor(value / 128))]
}

/** A number of 32 bits in signed LEB128, as constants are written. */
export function signed(value: number): number[] {
  return value >= -64 && value < 64 ? [value & 0x7f] : [(value & 0x7f) + 128, ...signed(value >> 7)]
}

const vector = (items: readonly (readonly number[])[]) => [...unsigned(items.length), ...items.flat()]
const sized = (content: readonly number[]) => [...unsigned(content.length), ...content]
const text = (name: string) => sized([...Buffer.from(name)])
const section = (id: number, ...items: number[][]) => [id, ...sized(vector(items))]

const simd = (opcode: number, ...immediates: number[]) => [0xfd, ...unsigned(opcode), ...immediates]
/** The logarithm of the alignment, and the address to which the one on the stack is added. */
const place = (alignment: number, address: number) => [alignment, ...unsigned(address)]

/** Instructions. Arithmetic is on vectors of four floats, but for what begins with i32. */
export const wasm = {
  getLocal: (index: number) => [0x20, ...unsigned(index)],
  setLocal: (index: number) => [0x21, ...unsigned(index)],
  teeLocal: (index: number) => [0x22, ...unsigned(index)],
  i32: (value: number) => [0x41, ...signed(value)],
  i32Add: [0x6a],
  i32Less: [0x49],
  /** Runs the body again for as long as it leaves a number other than 0. */
  loop: (body: readonly number[]) => [0x03, 0x40, ...body, 0x0d, 0x00, 0x0b],
  load: (address: number) => simd(0x00, ...place(4, address)),
  /** One float, four times. */
  loadSplat: (address: number) => simd(0x09, ...place(2, address)),
  store: (address: number) => simd(0x0b, ...place(4, address)),
  splat: (value: number) => {
    const bytes = Buffer.from(Float32Array.of(value, value, value, value).buffer)
    return simd(0x0c, ...bytes)
  },
  neg: simd(0xe1),
  sqrt: simd(0xe3),
  add: simd(0xe4),
  sub: simd(0xe5),
  mul: simd(0xe6),
  div: simd(0xe7),
} as const

/**
 * A module with one function without parameters, exported as `run`, on the memory that is imported as `host.memory`. Its locals
 * are one i32 and then vectors.
 */
export function moduleBytes(body: readonly number[], vectors: number): Uint8Array<ArrayBuffer> {
  const [i32, v128] = [0x7f, 0x7b]
  const locals = vector([
    [1, i32],
    [...unsigned(vectors), v128],
  ])
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    // Its type: nothing to nothing.
    ...section(1, [0x60, 0, 0]),
    ...section(2, [...text('host'), ...text('memory'), 0x02, 0x00, 0x00]),
    ...section(3, [0]),
    ...section(7, [...text('run'), 0x00, 0]),
    ...section(10, sized([...locals, ...body, 0x0b])),
  ])
}
