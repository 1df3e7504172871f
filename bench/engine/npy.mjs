/**
 * A float32 array as the bytes of a .npy file, format 1.0 (NumPy's `numpy.lib.format`): magic, version, the length of
 * the header, the header as a Python literal padded so that the data begins at a multiple of 64, the data. Row-major,
 * little-endian.
 */
export function encodeNpy(shape, data) {
  const count = shape.reduce((product, size) => product * size, 1);
  if (data.length !== count) throw new RangeError(`[${shape}] has ${count} values, got ${data.length}`);
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': ${tuple}, }`;
  const before = 10;
  const padded = `${header.padEnd(Math.ceil((before + header.length + 1) / 64) * 64 - before - 1)}\n`;
  const start = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, padded.length & 0xff, padded.length >> 8]);
  const values = Buffer.alloc(4 * data.length);
  for (const [i, value] of data.entries()) values.writeFloatLE(value, 4 * i);
  return Buffer.concat([start, Buffer.from(padded, 'latin1'), values]);
}
