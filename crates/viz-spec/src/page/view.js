  // One figure as the page sees it: maps of rows of the table.

  class View {
    constructor(table, figure) {
      Object.assign(this, { table, figure });
      this.name = figure.name;
      this.extra = figure.extra ?? [];
      // Drawn by Plotly as it is, with its own legend, menus and slider.
      this.whole = figure.whole;
      this.maps = figure.maps.map((m) => {
        const map = { number: m.number, space: m.z !== undefined, at: [m.x, m.y, m.z].filter(Boolean).map(numbers) };
        if (!map.space) map.grid = new Grid(...map.at);
        return map;
      });
      this.several = this.maps.length > 1;
      this.space = this.maps.some((m) => m.space);
      this.plane = this.maps.filter((m) => !m.space);
      // Which rows are in this figure.
      this.in = numbers(figure.codes);
      const own = { code: this.in, values: figure.values && numbers(figure.values), groups: figure.groups };
      this.sizes = figure.sizes && numbers(figure.sizes);
      this.symbols = figure.symbols && { names: figure.symbols.names, code: numbers(figure.symbols.codes) };
      this.total = this.in.reduce((n, c) => n + (c > 0), 0);
      // A trace of each map, for what groups of other colorings do not say.
      this.models = this.maps.map((_, m) => figure.groups.map((g) => g.traces[m]).find(Boolean));
      this.own = byFigure(own);
      this.coloring = this.own;
      // The rows that are drawn; all of them if there is no such list.
      this.budget = Math.floor(MOST_DRAWN / Math.max(1, this.maps.length));
      this.drawn = this.total > this.budget ? new Uint8Array(table.n) : null;
      this.frames = [];
      this.outlines = [];
    }
    group(row) {
      return this.coloring.groups[this.coloring.code[row] - 1];
    }
    visible(row) {
      return this.group(row)?.visible === true;
    }
    // What a point looks like in lists.
    swatch(row) {
      const { scale } = this.coloring;
      const color = this.group(row)?.color;
      if (color !== undefined || !scale) return color ?? css("--accent");
      const at = (scale.values[row] - scale.min) / (scale.max - scale.min || 1);
      return scale.colors[Math.round(at * (scale.colors.length - 1))];
    }
    place(map, row) {
      return map.at.map((values) => values[row]);
    }
    // What the axes show of a map.
    ranges(map) {
      const [x, y] = ["xaxis", "yaxis"].map((axis) => plot._fullLayout?.[numbered(axis, map.number)]?.range);
      return x && y ? [Math.min(...x), Math.max(...x), Math.min(...y), Math.max(...y)] : null;
    }
    // Chooses anew what is drawn, of what is in sight and a little around it. Tells whether that is another choice.
    choose(marked) {
      if (!this.drawn) return false;
      const before = this.drawn.slice();
      const may = (row) => this.visible(row);
      // So many that are selected are drawn in part, as all others.
      const all = marked.size <= this.budget / 2;
      const always = (row) => (all && marked.has(row)) || this.group(row).rows.length <= RARE;
      const sights = this.plane.map((map) => {
        const [x0, x1, y0, y1] = this.ranges(map) ?? map.grid.bounds;
        const [w, h] = [(x1 - x0) / 3, (y1 - y0) / 3];
        // No farther than there are points, so that all that shows everything is alike.
        const [from, to, low, high] = map.grid.bounds;
        const sight = [Math.max(x0 - w, from), Math.min(x1 + w, to), Math.max(y0 - h, low), Math.min(y1 + h, high)];
        let n = 0;
        map.grid.each(...sight, (row) => { if (may(row)) n++; });
        return { map, sight, n };
      });
      // The map that is looked at most closely.
      const { map, sight } = sights.reduce((a, b) => (b.n < a.n ? b : a), sights[0] ?? {});
      if (map) {
        sample(map.grid, sight, this.budget, this.drawn, may, always);
      } else {
        const part = this.budget / this.total;
        for (let row = 0; row < this.drawn.length; row++) this.drawn[row] = may(row) && (chance(row) < part || always(row));
      }
      let [n, other] = [0, false];
      for (let row = 0; row < before.length; row++) {
        if (this.drawn[row]) n++;
        if (this.drawn[row] !== before[row]) other = true;
      }
      this.some = n;
      for (const group of this.coloring.groups) group.picked = undefined;
      return other;
    }
    // The rows of a group that are drawn.
    rows(group) {
      if (!this.drawn) return group.rows;
      return (group.picked ??= group.rows.filter((row) => this.drawn[row]));
    }
    // Row of a point that Plotly tells of.
    rowOf(trace, point) {
      const at = trace - this.extra.length;
      const group = this.coloring.groups[Math.floor(at / this.maps.length)];
      return at < 0 || !group ? undefined : this.rows(group)[point];
    }
    // Positions of marked rows in each trace of a plane map; nothing for all if none are marked.
    positions(marked) {
      const all = [];
      this.coloring.groups.forEach((group, g) => {
        let list = null;
        if (marked.size) {
          list = [];
          this.rows(group).forEach((row, p) => { if (marked.has(row)) list.push(p); });
        }
        this.maps.forEach((map, m) => {
          if (!map.space) all.push([this.extra.length + g * this.maps.length + m, list]);
        });
      });
      return all;
    }
    traces(marked, links) {
      const { groups, scale } = this.coloring;
      const traces = [...this.extra];
      const positions = new Map(this.positions(marked));
      for (const group of groups) {
        const rows = this.rows(group);
        this.maps.forEach((map, m) => {
          const model = group.traces?.[m] ?? this.models[m];
          const marker = { ...model.marker, color: group.color, symbol: group.symbol ?? "circle", showscale: false, colorbar: undefined };
          if (marker.line) marker.line = { ...marker.line, color: css("--page") };
          if (scale && group.color === undefined) {
            Object.assign(marker, { color: Float32Array.from(rows, (row) => scale.values[row]), colorscale: stops(scale.colors), cmin: scale.min, cmax: scale.max });
          }
          if (this.sizes) {
            const usual = model.marker?.size ?? 6;
            marker.size = Float32Array.from(rows, (row) => (Number.isNaN(this.sizes[row]) ? usual : this.sizes[row]));
          }
          if (this.symbols) {
            const { names, code } = this.symbols;
            marker.symbol = rows.map((row) => (code[row] ? names[code[row] - 1] : marker.symbol));
          }
          const trace = { ...model, name: "", mode: "markers", marker, visible: group.visible, showlegend: false };
          // The page has hover boxes of its own. In space Plotly tells what is under the pointer.
          trace.hoverinfo = map.space ? "none" : "skip";
          map.at.forEach((values, c) => (trace["xyz"[c]] = Float32Array.from(rows, (row) => values[row])));
          const list = positions.get(traces.length);
          if (list) trace.selectedpoints = list;
          traces.push(trace);
        });
      }
      this.after = traces.length;
      for (const map of this.maps) if (map.space) traces.push(...this.marks(map, marked, links));
      return traces;
    }
    // In space, rings around marked points and lines to neighbors are traces of their own.
    marks(map, marked, links) {
      const m = this.maps.indexOf(map);
      const scene = numbered("scene", map.number);
      const common = { type: "scatter3d", scene, hoverinfo: "skip", showlegend: false };
      const at = { x: [], y: [], z: [] };
      for (const row of marked.list()) if (this.visible(row)) this.place(map, row).forEach((v, c) => at["xyz"[c]].push(v));
      const lines = { x: [], y: [], z: [] };
      for (const [a, b] of links) {
        for (const row of [a, b]) this.place(map, row).forEach((v, c) => lines["xyz"[c]].push(v));
        for (const c of "xyz") lines[c].push(null);
      }
      const size = 1.7 * Math.max(5, this.models[m]?.marker?.size ?? 6);
      const marker = { symbol: "circle-open", size, color: css("--ink"), line: { width: 2 } };
      return [
        { ...common, mode: "markers", marker, ...at },
        { ...common, mode: "lines", line: { color: css("--faint"), width: 2 }, ...lines },
      ];
    }
    layout(box) {
      const own = this.figure.layout;
      const [page, ink, faint, line] = ["--page", "--ink", "--faint", "--line"].map(css);
      const layout = {
        ...own,
        paper_bgcolor: page,
        plot_bgcolor: page,
        font: { ...own.font, color: ink },
        // The panel is the legend.
        showlegend: false,
        modebar: { ...own.modebar, bgcolor: "rgba(0,0,0,0)", color: faint, activecolor: ink },
        clickmode: "none",
      };
      for (const map of this.maps) {
        if (map.space) {
          const key = numbered("scene", map.number);
          layout[key] = { ...own[key], bgcolor: page };
          for (const axis of ["xaxis", "yaxis", "zaxis"]) layout[key][axis] = { ...own[key]?.[axis], gridcolor: line };
          continue;
        }
        // Told and not found out by Plotly, so that nothing moves when groups are hidden or other points are drawn.
        const [x0, x1, y0, y1] = map.grid.bounds;
        for (const [name, a, b] of [["xaxis", x0, x1], ["yaxis", y0, y1]]) {
          const key = numbered(name, map.number);
          const pad = 0.04 * (b - a) || 1;
          layout[key] = { range: [a - pad, b + pad], ...own[key] };
        }
      }
      layout.shapes = this.shapes();
      // Where a finger scrolls the page, it must not draw unless asked to, by the button.
      if (fingers.matches && narrow.matches) layout.dragmode = false;
      if (!this.several) return layout;
      for (const [path, value] of Object.entries(this.arranged(box))) {
        const [key, part] = path.split(".");
        layout[key] = part ? { ...layout[key], [part]: value } : value;
      }
      return layout;
    }
    // What of the layout follows the size of the page, by path, as Plotly's relayout takes it.
    arranged({ width, height, columns }) {
      const cells = places(this.maps.length, columns, width, height);
      const update = { width, height };
      for (const [side, pixels] of Object.entries(MARGIN)) update[`margin.${side}`] = pixels;
      this.maps.forEach(({ number, space }, i) => {
        const { x, y, top } = cells[i];
        const inner = [y[0], top];
        // A scene paints over what is behind it; the frame stays free.
        const [dx, dy] = [2 / width, 2 / height];
        if (space) update[`${numbered("scene", number)}.domain`] = { x: [x[0] + dx, x[1] - dx], y: [y[0] + dy, top] };
        else {
          update[`${numbered("xaxis", number)}.domain`] = x;
          update[`${numbered("yaxis", number)}.domain`] = inner;
        }
      });
      const headings = this.figure.layout.annotations ?? [];
      if (headings.length === cells.length) {
        const at = { xshift: 12, yshift: -6, xanchor: "left", yanchor: "top" };
        update.annotations = headings.map((a, i) => ({ ...a, ...at, x: cells[i].x[0], y: cells[i].y[1] }));
      }
      const line = { color: css("--line"), width: 1 };
      this.frames = cells.map(({ x, y }) => ({
        type: "rect", xref: "paper", yref: "paper", x0: x[0], x1: x[1], y0: y[0], y1: y[1], line, layer: "below",
      }));
      update.shapes = this.shapes();
      return update;
    }
    // Frames around the maps, and what was drawn around selected points.
    shapes() {
      return [...this.frames, ...this.outlines];
    }
    // What a map is called.
    title(map) {
      const heading = this.figure.layout.annotations?.[this.maps.indexOf(map)];
      return this.several ? unmarked(heading?.text) || String(map.number) : "";
    }
  }
