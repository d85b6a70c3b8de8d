  // The places of a map in cells, to find points near a place, inside an outline, and where they are dense.

  class Grid {
    constructor(x, y) {
      Object.assign(this, { x, y });
      let [x0, x1, y0, y1, n] = [Infinity, -Infinity, Infinity, -Infinity, 0];
      for (let i = 0; i < x.length; i++) {
        if (Number.isNaN(x[i])) continue;
        n++;
        if (x[i] < x0) x0 = x[i];
        if (x[i] > x1) x1 = x[i];
        if (y[i] < y0) y0 = y[i];
        if (y[i] > y1) y1 = y[i];
      }
      if (!n) [x0, x1, y0, y1] = [0, 1, 0, 1];
      this.bounds = [x0, x1, y0, y1];
      this.side = Math.max(1, Math.min(512, Math.ceil(Math.sqrt(n / 6))));
      const cell = new Int32Array(x.length);
      this.starts = new Uint32Array(this.side * this.side + 1);
      for (let i = 0; i < x.length; i++) {
        cell[i] = Number.isNaN(x[i]) ? -1 : this.across(x[i]) + this.side * this.up(y[i]);
        if (cell[i] >= 0) this.starts[cell[i] + 1]++;
      }
      for (let c = 1; c < this.starts.length; c++) this.starts[c] += this.starts[c - 1];
      const next = this.starts.slice();
      this.rows = new Uint32Array(n);
      for (let i = 0; i < x.length; i++) if (cell[i] >= 0) this.rows[next[cell[i]]++] = i;
    }
    across(x) {
      const [x0, x1] = this.bounds;
      return Math.max(0, Math.min(this.side - 1, Math.floor(((x - x0) / (x1 - x0 || 1)) * this.side)));
    }
    up(y) {
      const [, , y0, y1] = this.bounds;
      return Math.max(0, Math.min(this.side - 1, Math.floor(((y - y0) / (y1 - y0 || 1)) * this.side)));
    }
    // Rows between these coordinates.
    each(x0, x1, y0, y1, visit) {
      for (let j = this.up(y0); j <= this.up(y1); j++) {
        for (let c = this.side * j + this.across(x0); c <= this.side * j + this.across(x1); c++) {
          for (let k = this.starts[c]; k < this.starts[c + 1]; k++) {
            const row = this.rows[k];
            const [x, y] = [this.x[row], this.y[row]];
            if (x >= x0 && x <= x1 && y >= y0 && y <= y1) visit(row, x, y);
          }
        }
      }
    }
    // The row that is nearest to a place, at most `rx` and `ry` from it.
    nearest(x, y, rx, ry, may) {
      let [best, found] = [1, null];
      this.each(x - rx, x + rx, y - ry, y + ry, (row, px, py) => {
        const far = ((px - x) / rx) ** 2 + ((py - y) / ry) ** 2;
        if (far <= best && may(row)) [best, found] = [far, row];
      });
      return found;
    }
    // Rows inside an outline, given as coordinates one after the other.
    inside(xs, ys, visit) {
      const ends = (all) => all.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
      this.each(...ends(xs), ...ends(ys), (row, x, y) => {
        let inside = false;
        for (let i = 0, j = xs.length - 1; i < xs.length; j = i++) {
          if (ys[i] > y !== ys[j] > y && x < ((xs[j] - xs[i]) * (y - ys[i])) / (ys[j] - ys[i]) + xs[i]) inside = !inside;
        }
        if (inside) visit(row);
      });
    }
  }

  // Which points are drawn where there are too many for all.

  // More are not drawn smoothly.
  const MOST_DRAWN = 200_000;
  // Groups of so few are drawn whole.
  const RARE = 200;
  const CELLS = 64;

  // Between 0 and 1, by the row alone: the same points are drawn each time, and going nearer adds some and takes away none.
  function chance(row) {
    let h = Math.imul(row + 0x9e3779b9, 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    return ((h ^ (h >>> 16)) >>> 0) / 4294967296;
  }

  // Marks in `drawn` about `budget` of the rows in sight, and all of `always`. Where points are dense a smaller part of
  // them is drawn: in proportion to 2 / (1 + 5 density / greatest density).
  function sample(grid, [x0, x1, y0, y1], budget, drawn, may, always) {
    drawn.fill(0);
    const counts = new Uint32Array(CELLS * CELLS);
    const part = (v, a, b) => Math.max(0, Math.min(CELLS - 1, Math.floor(((v - a) / (b - a || 1)) * CELLS)));
    const cell = (x, y) => part(x, x0, x1) + CELLS * part(y, y0, y1);
    let free = budget;
    grid.each(x0, x1, y0, y1, (row, x, y) => {
      if (!may(row)) return;
      if (always(row)) {
        drawn[row] = 1;
        free--;
      } else counts[cell(x, y)]++;
    });
    // Chance may draw some more than are expected.
    free = Math.max(free - 3 * Math.sqrt(Math.max(free, 0)), 0);
    const most = counts.reduce((a, b) => Math.max(a, b), 1);
    const weight = Float64Array.from(counts, (n) => 2 / (1 + (5 * n) / most));
    const expected = (scale) => counts.reduce((sum, n, c) => sum + n * Math.min(1, scale * weight[c]), 0);
    let [low, high] = [0, 3];
    if (expected(high) > free) {
      for (let i = 0; i < 40; i++) {
        const middle = (low + high) / 2;
        if (expected(middle) > free) high = middle;
        else low = middle;
      }
    } else low = high;
    grid.each(x0, x1, y0, y1, (row, x, y) => {
      if (!drawn[row] && may(row) && chance(row) < low * weight[cell(x, y)]) drawn[row] = 1;
    });
  }
  // A set of rows, which knows them in order.
  class Rows {
    constructor(n) {
      this.mask = new Uint8Array(n);
      this.size = 0;
    }
    has(row) {
      return this.mask[row] === 1;
    }
    add(row) {
      if (!this.mask[row]) this.size++;
      this.mask[row] = 1;
    }
    delete(row) {
      if (this.mask[row]) this.size--;
      this.mask[row] = 0;
    }
    clear() {
      this.mask.fill(0);
      this.size = 0;
    }
    list() {
      const rows = [];
      if (this.size) for (let row = 0; row < this.mask.length; row++) if (this.mask[row]) rows.push(row);
      return rows;
    }
  }

