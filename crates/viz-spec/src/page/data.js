  // The data of the page, read: a table of the points. A row is a place in it.

  const SIZES = { u1: 1, u2: 2, u3: 3, u4: 4, f4: 4 };
  const ARRAYS = { u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, f4: Float32Array };

  function bytes(base64) {
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
    const text = atob(base64);
    const all = new Uint8Array(text.length);
    for (let i = 0; i < all.length; i++) all[i] = text.charCodeAt(i);
    return all;
  }

  function numbers({ dtype, bdata }) {
    const b = bytes(bdata);
    if (dtype !== "u3") return new ARRAYS[dtype](b.buffer, 0, b.length / SIZES[dtype]);
    const all = new Uint32Array(b.length / 3);
    for (let i = 0; i < all.length; i++) all[i] = b[3 * i] | (b[3 * i + 1] << 8) | (b[3 * i + 2] << 16);
    return all;
  }

  const PREVIEW = 200;
  const cut = (text, max) => {
    // A character is at most two units.
    if (text.length <= max) return text;
    const head = Array.from(text.slice(0, 2 * max + 2));
    return head.length <= max ? text : head.slice(0, max).join("").trimEnd() + "...";
  };
  // Long texts are not read to their end.
  const oneLine = (text) => text.slice(0, 20 * PREVIEW).trim().replace(/\s+/g, " ");

  class Table {
    constructor(data) {
      this.n = data.n;
      this.ids = data.ids;
      this.labelNames = data.labels.names;
      this.labelCodes = numbers(data.labels.codes);
      this.whole = data.texts?.whole;
      this.previews = data.texts?.previews;
      // Base64 is read when it is asked for.
      this.columns = data.columns.map(column);
      this.near = data.neighbors;
      this.palette = data.palette;
      this.grays = data.grays;
    }
    label(row) {
      return this.labelNames[this.labelCodes[row] - 1] ?? null;
    }
    text(row) {
      return this.whole?.[row] ?? this.previews?.[row] ?? "";
    }
    preview(row) {
      return this.previews ? this.previews[row] : cut(oneLine(this.text(row)), PREVIEW);
    }
    // Rows and distances, nearest first.
    neighbors(row) {
      if (!this.near) return [];
      const { k } = this.near;
      this.nearIds ??= numbers(this.near.ids);
      this.nearEnds ??= numbers(this.near.ends);
      this.nearSteps ??= numbers(this.near.steps);
      const [first, last] = this.nearEnds.subarray(2 * row, 2 * row + 2);
      const all = [];
      for (let i = row * k; i < (row + 1) * k; i++) {
        // One that is in no figure.
        if (this.nearIds[i] >= this.n) continue;
        all.push({ row: this.nearIds[i], distance: first + ((last - first) * this.nearSteps[i]) / 255 });
      }
      return all;
    }
    // Rows whose id, label or text holds `words`, those with such an id first, exact ones before all.
    find(words) {
      const pattern = new RegExp(words.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&").replace(/\s+/g, "\\s+"), "i");
      const labels = this.labelNames.map((name) => pattern.test(name));
      const small = words.toLowerCase();
      const ranks = [[], [], []];
      for (let row = 0; row < this.n; row++) {
        const id = this.ids[row];
        if (pattern.test(id)) ranks[id === words ? 0 : id.toLowerCase().startsWith(small) ? 1 : 2].push(row);
        else if (labels[this.labelCodes[row] - 1] || pattern.test(this.text(row))) ranks[2].push(row);
      }
      return { rows: ranks.flat(), byId: ranks[0].length + ranks[1].length };
    }
  }

  function column({ name, names, codes, values }) {
    let read;
    return { name, names, numeric: values !== undefined, get values() { return (read ??= numbers(values ?? codes)); } };
  }

  // A value of a column as people read it; nothing if there is none.
  const shorter = (x) => (Number.isFinite(x) ? String(Number(x.toPrecision(6))) : "");
  const told = (column, row) => (column.numeric ? shorter(column.values[row]) : (column.names[column.values[row] - 1] ?? ""));

  const numbered = (name, number) => (number > 1 ? `${name}${number}` : name);
