/** Archives that Python wrote are unpacked; anything else is refused in one sentence. */
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UserError } from '../errors.js'
import { unpackTarGz } from './archive.js'
import { CAMPAIGN, damaged, imageFile } from './image-files.testing.js'

const archive = imageFile('cifar-100.tar.gz')
const train = 'cifar-100-binary/train.bin'
const test = 'cifar-100-binary/test.bin'
const sizes = { [train]: 4 * 3074, [test]: 2 * 3074 }

/** One tar entry, written here from the format's description. */
function entry(path: string, content: Uint8Array, claimed = content.length): Buffer {
  const header = Buffer.alloc(512)
  header.write(path)
  header.write('0000644\0', 100)
  header.write(`${claimed.toString(8).padStart(11, '0')}\0`, 124)
  header.write('00000000000\0', 136)
  header.write('        0', 148)
  header.write('ustar\x0000', 257)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)])
}
const end = Buffer.alloc(1024)
const bytes = (length: number) => new Uint8Array(length).fill(7)
const packed = (...parts: Buffer[]) => new Uint8Array(gzipSync(Buffer.concat(parts)))

describe('unpackTarGz', () => {
  it('gives the wanted members only', async () => {
    const members = await unpackTarGz(archive, 'a.tar.gz', sizes)
    expect([...members.keys()].sort()).toEqual([test, train])
    expect(members.get(train)).toHaveLength(4 * 3074)
  })

  it.each([
    ['not gzipped', Uint8Array.of(1, 2, 3), 'it is not gzipped'],
    ['empty', new Uint8Array(), 'it is not gzipped'],
    ['no tar', new Uint8Array(gzipSync(bytes(2000))), 'it cannot be read'],
    ['cut off', archive.slice(0, 5000), 'it cannot be read'],
    ['cut off in its header', archive.slice(0, 12), 'it cannot be read'],
    ['without a member', packed(entry('a', bytes(10)), end), 'it has no b'],
    ['too large a member', packed(entry('a', bytes(11)), entry('b', bytes(5)), end), 'its a has 11 bytes, not 10'],
    ['too small a member', packed(entry('a', bytes(9)), entry('b', bytes(5)), end), 'its a has 9 bytes, not 10'],
    ['twice the same', packed(entry('a', bytes(10)), entry('a', bytes(10)), end), 'it holds a twice'],
    ['a member without its end', packed(entry('b', bytes(5)), entry('a', bytes(0), 10)), 'it cannot be read'],
    ['a claim of 8 GB', packed(entry('a', bytes(0), 2 ** 33 - 1), end), 'its a has 8589934591 bytes, not 10'],
  ])('refuses an archive that is or has: %s', async (_, content, reason) => {
    const error = await unpackTarGz(content, 'a.tar.gz', { a: 10, b: 5 }).catch((e: unknown) => e as Error)
    expect(error).toBeInstanceOf(UserError)
    expect((error as Error).message).toContain(reason)
    expect((error as Error).message).toMatch(/^a\.tar\.gz is not the right archive, since [^\n]*; fetch it again\.$/)
  })

  it(`throws nothing but UserError on ${CAMPAIGN} damaged archives, and returns no wrong sizes`, async () => {
    const plain = packed(entry('a', bytes(10)), entry('b', bytes(5)), end)
    // Damage behind the gzip gets through to the tar parser, damage of the gzip rarely does.
    const inside = damaged(new Uint8Array(Buffer.concat([entry('a', bytes(10)), entry('b', bytes(5)), end]))).map(
      (tar) => new Uint8Array(gzipSync(tar, { level: 0 })),
    )
    let whole = 0
    await fc.assert(
      fc.asyncProperty(fc.oneof({ arbitrary: inside, weight: 3 }, damaged(plain)), async (content) => {
        try {
          const members = await unpackTarGz(content, 'file', { a: 10, b: 5 })
          expect([members.get('a')?.length, members.get('b')?.length]).toEqual([10, 5])
          whole++
        } catch (error) {
          expect(error).toBeInstanceOf(UserError)
        }
      }),
      { numRuns: CAMPAIGN },
    )
    expect(whole).toBeGreaterThan(0)
  })
})
