/* Islands of data that are packed (deflate, as base64 in a JSON string) are unpacked here, before another script reads them:
   a browser's own way to do it would come after the charts were to be drawn. RFC 1951. */
(function () {
  "use strict";
  const LENGTHS = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
  const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
  const DISTANCES = [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577];
  const DISTANCE_BITS = [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13];
  const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

  /* A Huffman code from the lengths of its words: how many words there are of each length, and the symbols in order. */
  function code(lengths) {
    const counts = new Uint16Array(16);
    lengths.forEach((length) => counts[length]++);
    counts[0] = 0;
    const starts = [0];
    for (let length = 0; length < 15; length++) starts.push(starts[length] + counts[length]);
    const symbols = [];
    lengths.forEach((length, symbol) => length && (symbols[starts[length]++] = symbol));
    return { counts, symbols };
  }

  function inflated(bytes) {
    const out = [];
    let place = 0;
    let held = 0;
    let many = 0;
    const bits = (number) => {
      while (many < number) {
        held |= bytes[place++] << many;
        many += 8;
      }
      const value = held & ((1 << number) - 1);
      held >>>= number;
      many -= number;
      return value;
    };
    const symbol = ({ counts, symbols }) => {
      let word = 0;
      let first = 0;
      let index = 0;
      for (let length = 1; length < 16; length++) {
        word |= bits(1);
        if (word - counts[length] < first) return symbols[index + word - first];
        index += counts[length];
        first = (first + counts[length]) << 1;
        word <<= 1;
      }
      throw new Error("packed data are damaged");
    };
    const fixed = () => [
      code(Array.from({ length: 288 }, (_, n) => (n < 144 ? 8 : n < 256 ? 9 : n < 280 ? 7 : 8))),
      code(Array(30).fill(5)),
    ];
    const dynamic = () => {
      const literals = bits(5) + 257;
      const distances = bits(5) + 1;
      const lengths = Array(19).fill(0);
      for (let n = 0, number = bits(4) + 4; n < number; n++) lengths[ORDER[n]] = bits(3);
      const of = code(lengths);
      const all = [];
      while (all.length < literals + distances) {
        const next = symbol(of);
        if (next < 16) all.push(next);
        else if (next === 16) all.push(...Array(bits(2) + 3).fill(all[all.length - 1]));
        else all.push(...Array(next === 17 ? bits(3) + 3 : bits(7) + 11).fill(0));
      }
      return [code(all.slice(0, literals)), code(all.slice(literals))];
    };
    for (let last = 0; !last; ) {
      last = bits(1);
      const kind = bits(2);
      if (kind === 0) {
        held = many = 0;
        const length = bytes[place] | (bytes[place + 1] << 8);
        place += 4;
        for (const end = place + length; place < end; ) out.push(bytes[place++]);
        continue;
      }
      const [literal, distance] = kind === 1 ? fixed() : dynamic();
      for (let next = symbol(literal); next !== 256; next = symbol(literal)) {
        if (next < 256) {
          out.push(next);
          continue;
        }
        const length = LENGTHS[next - 257] + bits(LENGTH_BITS[next - 257]);
        const far = symbol(distance);
        const back = DISTANCES[far] + bits(DISTANCE_BITS[far]);
        for (let n = 0; n < length; n++) out.push(out[out.length - back]);
      }
    }
    return new TextDecoder().decode(Uint8Array.from(out));
  }

  for (const island of document.querySelectorAll("script[data-packed]")) {
    island.textContent = inflated(Uint8Array.from(atob(JSON.parse(island.textContent)), (letter) => letter.charCodeAt(0)));
  }
})();
