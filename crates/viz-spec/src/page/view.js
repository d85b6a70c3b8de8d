  // One figure as the page sees it: maps of the same rows, in which a row is selected or not.

  class View {
    constructor(figure) {
      this.figure = figure;
      const data = (this.data = restore(figure.data));
      this.panels = panelsOf(data);
      this.panelOf = data.map((_, t) => this.panels.find((p) => p.traces.has(t)));
      this.several = this.panels.length > 1;
      this.space = this.panels.some((p) => p.space);
      this.plane = this.panels.some((p) => !p.space);
      // Traces of one label in several maps are one entry of the legend.
      const groups = new Map();
      data.forEach((trace, t) => {
        const key = trace.legendgroup ?? t;
        if (!groups.has(key)) groups.set(key, { first: t, traces: [], visible: trace.visible ?? true });
        groups.get(key).traces.push(t);
      });
      this.groups = [...groups.values()];
      const rank = (g) => data[g.first].legendrank ?? 1000;
      this.legend = [...this.groups].sort((a, b) => rank(a) - rank(b) || a.first - b.first);
      this.groupOf = [];
      for (const group of this.groups) for (const t of group.traces) this.groupOf[t] = group;
      // Where a row is drawn: trace and position, once for each map.
      this.spots = new Map();
      data.forEach((trace, t) => (trace.customdata || []).forEach(([row], p) => {
        const spots = this.spots.get(row);
        if (spots) spots.push([t, p]);
        else this.spots.set(row, [[t, p]]);
      }));
      // The rings around selected points in space are a trace of each such map, after all others.
      this.ringed = this.panels.filter((p) => p.space);
      this.frames = [];
      this.outlines = [];
    }
    group(row) {
      const spots = this.spots.get(row);
      return spots && this.groupOf[spots[0][0]];
    }
    swatch(t) {
      const marker = this.data[t].marker || {};
      return typeof marker.color === "string" ? marker.color : color("--accent");
    }
    item(row) {
      const [t, p] = this.spots.get(row)[0];
      const trace = this.data[t];
      const [, id, own] = trace.customdata[p];
      const label = own ?? trace.meta?.label ?? null;
      return { t, id, label, preview: preview(trace.text?.[p]) };
    }
    // Rows whose id, label or preview holds `words`.
    find(words) {
      this.haystack ??= [...this.spots.keys()].map((row) => {
        const { id, label, preview } = this.item(row);
        return [row, `${id}\n${label ?? ""}\n${preview}`.toLocaleLowerCase()];
      });
      const needle = words.toLocaleLowerCase();
      return this.haystack.filter(([, text]) => text.includes(needle)).map(([row]) => row);
    }
    // What is selected and drawn, by row.
    shown() {
      return [...selected].filter((row) => this.group(row)?.visible === true).sort((a, b) => a - b);
    }
    // Positions of selected points in each trace; nothing for all if none are selected.
    positions() {
      const lists = this.data.map(() => []);
      for (const row of selected) for (const [t, p] of this.spots.get(row) ?? []) lists[t].push(p);
      return lists.map((l) => (selected.size ? l.sort((a, b) => a - b) : null));
    }
    point(t, p) {
      this.coordinates ??= [];
      const at = (this.coordinates[t] ??= ["x", "y", "z"].map((c) => numbers(this.data[t][c])));
      return at.map((values) => values[p]);
    }
    // Coordinates of selected points in one map in space.
    rings(panel) {
      const at = { x: [], y: [], z: [] };
      for (const row of this.shown()) {
        for (const [t, p] of this.spots.get(row)) {
          if (!panel.traces.has(t)) continue;
          this.point(t, p).forEach((value, i) => at["xyz"[i]].push(value));
        }
      }
      return at;
    }
    traces() {
      const positions = this.positions();
      const traces = this.data.map((trace, t) => {
        const copy = { ...trace, visible: this.groupOf[t].visible };
        if (trace.marker?.line) copy.marker = { ...trace.marker, line: { ...trace.marker.line, color: color("--page") } };
        if (!this.panelOf[t].space && positions[t]) copy.selectedpoints = positions[t];
        return copy;
      });
      for (const panel of this.ringed) {
        const size = 1.7 * Math.max(5, ...[...panel.traces].map((t) => this.data[t].marker?.size ?? 6));
        const marker = { symbol: "circle-open", size, color: color("--ink"), line: { width: 2 } };
        const scene = numbered("scene", panel.number);
        traces.push({ type: "scatter3d", mode: "markers", hoverinfo: "skip", showlegend: false, scene, marker, ...this.rings(panel) });
      }
      return traces;
    }
    layout(box) {
      const own = this.figure.layout;
      const [page, panel, ink, faint, line] = ["--page", "--panel", "--ink", "--faint", "--line"].map(color);
      const layout = {
        ...own,
        paper_bgcolor: page,
        plot_bgcolor: page,
        font: { ...own.font, color: ink },
        // The panel is the legend.
        showlegend: false,
        hoverlabel: { ...own.hoverlabel, bgcolor: panel, bordercolor: line, font: { ...own.hoverlabel?.font, color: ink } },
        modebar: { ...own.modebar, bgcolor: "rgba(0,0,0,0)", color: faint, activecolor: ink },
        clickmode: "event",
      };
      for (const { number } of this.ringed) {
        const key = numbered("scene", number);
        layout[key] = { ...own[key], bgcolor: page };
        for (const axis of ["xaxis", "yaxis", "zaxis"]) layout[key][axis] = { ...own[key]?.[axis], gridcolor: line };
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
      const cells = places(this.panels.length, columns, width, height);
      const update = { width, height };
      for (const [side, pixels] of Object.entries(MARGIN)) update[`margin.${side}`] = pixels;
      this.panels.forEach(({ number, space }, i) => {
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
      const line = { color: color("--line"), width: 1 };
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
  }
