/** How the elements of an array are told to the server: its type and its bytes, as its binary format has them. */
export interface ElementType<T> {
  readonly oid: number
  sizeOf(value: T): number
  write(value: T, target: Buffer, at: number): void
}

/** A column of values as one array in the server's binary format: neither side has to quote, escape or parse it. */
export function binaryArray<T>(
  type: ElementType<T>,
  values: readonly (T | null | undefined)[],
): Buffer {
  let size = headerBytes
  for (const value of values) size += lengthBytes + (isMissing(value) ? 0 : type.sizeOf(value))
  const array = Buffer.allocUnsafe(size)

  let hasNull = 0
  let at = headerBytes
  for (const value of values) {
    if (isMissing(value)) {
      hasNull = 1
      at = array.writeInt32BE(isNull, at)
    } else {
      const length = type.sizeOf(value)
      at = array.writeInt32BE(length, at)
      type.write(value, array, at)
      at += length
    }
  }
  array.writeInt32BE(dimensions, 0)
  array.writeInt32BE(hasNull, 4)
  array.writeInt32BE(type.oid, 8)
  array.writeInt32BE(values.length, 12)
  array.writeInt32BE(firstIndex, 16)
  return array
}

function isMissing<T>(value: T | null | undefined): value is null | undefined {
  return value === null || value === undefined
}

const headerBytes = 20
const lengthBytes = 4
const isNull = -1
const dimensions = 1
const firstIndex = 1

export const integers: ElementType<number> = {
  oid: 23,
  sizeOf: () => 4,
  write: (value, target, at) => target.writeInt32BE(value, at),
}

export const doubles: ElementType<number> = {
  oid: 701,
  sizeOf: () => 8,
  write: (value, target, at) => target.writeDoubleBE(value, at),
}

export const texts: ElementType<string> = {
  oid: 25,
  sizeOf: (value) => Buffer.byteLength(value),
  write: (value, target, at) => target.write(value, at),
}

export const byteStrings: ElementType<Uint8Array> = {
  oid: 17,
  sizeOf: (value) => value.byteLength,
  write: (value, target, at) => target.set(value, at),
}

export const uuids: ElementType<string> = {
  oid: 2950,
  sizeOf: () => uuidBytes,
  write(value, target, at) {
    const digits = value.replaceAll('-', '')
    const written = digits.length === uuidBytes * 2 ? target.write(digits, at, uuidBytes, 'hex') : 0
    if (written !== uuidBytes) throw new TypeError(`expected a UUID, got \`${value}\``)
  },
}

const uuidBytes = 16
