import { crc32, deflateSync } from 'node:zlib';

/**
 * A PNG of one colour in which each pixel has its own opacity, so that it sits on a light page as on a dark one.
 * `opacities` is row-major `[height x width]`, 0 to 1, rounded to 32 steps; `color` is red, green, blue from 0 to 255.
 */
export function opacityPng(
  width: number,
  height: number,
  opacities: Float32Array,
  color: readonly [number, number, number],
): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3], 8); // eight bits a pixel, each the number of a colour in the palette
  const alphas = Buffer.from(Array.from({ length: levels }, (_, level) => (level * 255) / (levels - 1)));
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('PLTE', Buffer.from(Array.from({ length: levels }, () => color).flat())),
    chunk('tRNS', alphas),
    chunk('IDAT', deflateSync(scanLines(width, height, opacities), { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

const levels = 32;

/** Each line begins with the number of its filter, here 0: none. */
function scanLines(width: number, height: number, opacities: Float32Array): Buffer {
  const lines = Buffer.alloc(height * (width + 1));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const opacity = Math.min(Math.max(opacities[y * width + x], 0), 1);
      lines[y * (width + 1) + 1 + x] = Math.round(opacity * (levels - 1));
    }
  }
  return lines;
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  framed.set(body, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}
