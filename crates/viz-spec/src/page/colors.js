  // What points are colored by: groups of rows, each drawn alike, in the order in which they are drawn.

  const SYMBOLS = ["circle", "diamond", "square"];
  const MOST_GROUPS = 60;
  // So few different numbers may be meant as names.
  const FEW = 12;
  const SCALES = {
    Viridis: ["#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725"],
    Cividis: ["#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369", "#e1cc55", "#fee838"],
    RdBu: ["#053061", "#2166ac", "#4393c3", "#92c5de", "#d1e5f0", "#f7f7f7", "#fddbc7", "#f4a582", "#d6604d", "#b2182b", "#67001f"],
    Blues: ["#deebf7", "#c6dbef", "#9ecae1", "#6baed6", "#4292c6", "#2171b5", "#08519c", "#08306b"],
  };
  const stops = (scale) => scale.map((c, i) => [i / (scale.length - 1), c]);

  // `code` is the group of each row, from 1; 0 for rows that are not drawn.
  function coloring(title, groups, code, scale) {
    const sizes = new Uint32Array(groups.length + 1);
    for (const c of code) sizes[c]++;
    groups.forEach((group, g) => {
      group.rows = new Uint32Array(sizes[g + 1]);
      group.visible ??= true;
    });
    const filled = new Uint32Array(groups.length);
    code.forEach((c, row) => { if (c) groups[c - 1].rows[filled[c - 1]++] = row; });
    const rank = (g) => g.rank ?? 1000;
    const legend = groups.filter((g) => g.rows.length).sort((a, b) => rank(a) - rank(b));
    return { title, groups, code, scale, legend };
  }

  const numeric = (values, code, known, name) => {
    let [min, max] = [Infinity, -Infinity];
    code.forEach((c, row) => {
      if (!c || !Number.isFinite(values[row])) return;
      min = Math.min(min, values[row]);
      max = Math.max(max, values[row]);
    });
    return { values, min, max, colors: SCALES[name] ?? SCALES.Viridis, known };
  };

  const unmarked = (markup) =>
    (markup ?? "").replace(/<[^>]*>/g, "").replace(/&(?:amp|lt|gt|#36|#37);/g,
      (e) => ({ "&amp;": "&", "&lt;": "<", "&gt;": ">", "&#36;": "$", "&#37;": "%" })[e]);

  // The groups that a figure came with.
  function byFigure(figure) {
    const code = figure.code;
    const groups = figure.groups.map(({ traces }) => {
      const first = traces.find(Boolean);
      const name = unmarked(first.name);
      const { color, symbol } = first.marker ?? {};
      return { name, full: first.meta?.label ?? name, color, symbol, visible: first.visible ?? true, rank: first.legendrank, traces };
    });
    if (!figure.values) return coloring("label", groups, code);
    const by = groups.find((g) => g.color === undefined);
    const known = groups.indexOf(by) + 1;
    const scale = numeric(figure.values, code, known, by?.traces.find(Boolean).marker?.colorscale);
    return coloring(by?.name ?? "value", groups, code, scale);
  }

  // The groups of a column of names, or of few numbers taken for names.
  function byNames(table, title, names, codes, drawn) {
    const counts = new Uint32Array(names.length + 1);
    codes.forEach((c, row) => { if (drawn[row]) counts[c]++; });
    let kept = names.map((_, i) => i + 1).filter((c) => counts[c]);
    let merged = 0;
    if (kept.length > MOST_GROUPS) {
      const frequent = [...kept].sort((a, b) => counts[b] - counts[a] || a - b).slice(0, MOST_GROUPS);
      const few = new Set(frequent.filter((c) => counts[c] > 1));
      merged = kept.length - few.size;
      kept = kept.filter((c) => few.has(c));
    }
    const [none, other] = table.grays;
    const groups = [
      { name: "none", color: none, rank: 1002 },
      { name: `${count(merged)} ${kept.length ? "other" : ""} names`, color: other, rank: 1001 },
    ];
    const group = new Uint16Array(names.length + 1).fill(2);
    group[0] = 1;
    const n = table.palette.length;
    kept.forEach((c, i) => {
      groups.push({ name: names[c - 1], color: table.palette[i % n], symbol: SYMBOLS[Math.floor(i / n) % SYMBOLS.length] });
      group[c] = groups.length;
    });
    const code = new Uint16Array(table.n);
    codes.forEach((c, row) => { if (drawn[row]) code[row] = group[c]; });
    return coloring(title, groups, code);
  }

  function byNumbers(table, { name, values }, drawn) {
    const groups = [{ name: "no value", color: table.grays[0], rank: 1002 }, { name }];
    const code = new Uint8Array(table.n);
    values.forEach((v, row) => { if (drawn[row]) code[row] = Number.isFinite(v) ? 2 : 1; });
    return coloring(name, groups, code, numeric(values, code, 2));
  }

  // Whether the numbers of a column are few enough to be taken for names.
  function few(column) {
    if (!column.numeric) return false;
    if (column.few === undefined) {
      const all = new Set();
      for (const v of column.values) {
        if (Number.isFinite(v)) all.add(v);
        if (all.size > FEW) break;
      }
      column.few = all.size <= FEW;
    }
    return column.few;
  }

  function byColumn(table, column, drawn, asNames) {
    if (!column.numeric) return byNames(table, column.name, column.names, column.values, drawn);
    if (!asNames) return byNumbers(table, column, drawn);
    const all = [...new Set(column.values)].filter(Number.isFinite).sort((a, b) => a - b);
    const place = new Map(all.map((v, i) => [v, i + 1]));
    const codes = Uint16Array.from(column.values, (v) => place.get(v) ?? 0);
    return byNames(table, column.name, all.map(shorter), codes, drawn);
  }
