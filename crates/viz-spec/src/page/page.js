(() => {
  "use strict";
  // Points that the list shows; all are counted, copied and saved.
  const LISTED = 300;
  const $ = (id) => document.getElementById(id);
  const plot = $("plot");
  const figures = JSON.parse($("figures").textContent);
  // Rows that are selected, in whichever figure they were.
  const selected = new Set();
  let view = null;
  let restyling = 0;
  let drawn = 0;

  const make = (tag, className, text) => {
    const e = document.createElement(tag);
    if (className) e.className = className;
    if (text !== undefined) e.textContent = text;
    return e;
  };
  const count = (n) => n.toLocaleString("en-US");
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  // Plotly's markup back to text. Every "<" in it was written by us, as every one of a stranger is an entity.
  const ENTITIES = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&#36;": "$", "&#37;": "%" };
  const plain = (markup) => markup.replace(/<[^>]*>/g, "").replace(/&(?:amp|lt|gt|#36|#37);/g, (e) => ENTITIES[e]);
  // A hover text is: a bold line with the label (only in traces of mixed labels), the id, the preview.
  const preview = (markup) => {
    const lines = String(markup ?? "").split("<br>");
    return plain(lines.slice(lines[0].startsWith("<b>") ? 2 : 1).join(""));
  };

  const ARRAYS = {
    f4: Float32Array, f8: Float64Array, i1: Int8Array, u1: Uint8Array, i2: Int16Array, u2: Uint16Array,
    i4: Int32Array, u4: Uint32Array,
  };
  const numbers = (a) => {
    if (!a || !a.bdata) return a || [];
    return new ARRAYS[a.dtype](Uint8Array.from(atob(a.bdata), (c) => c.charCodeAt(0)).buffer);
  };

  // One figure as the panel sees it.
  class View {
    constructor(figure) {
      this.figure = figure;
      this.space = figure.data.some((t) => t.type === "scatter3d");
      this.spots = new Map();
      figure.data.forEach((trace, t) => {
        (trace.customdata || []).forEach((c, p) => this.spots.set(c[0], [t, p]));
      });
      this.visible = figure.data.map((trace) => trace.visible ?? true);
      this.order = figure.data.map((_, t) => t);
      const rank = (t) => figure.data[t].legendrank ?? 1000;
      this.order.sort((a, b) => rank(a) - rank(b) || a - b);
    }
    swatch(t) {
      const marker = this.figure.data[t].marker || {};
      return typeof marker.color === "string" ? marker.color : color("--accent");
    }
    item(row) {
      const [t, p] = this.spots.get(row);
      const trace = this.figure.data[t];
      const [, id, own] = trace.customdata[p];
      const label = own ?? trace.meta?.label ?? null;
      return { t, id, label, preview: preview(trace.text?.[p]) };
    }
    // What is selected and drawn, by row.
    shown() {
      const rows = [];
      for (const row of selected) {
        const spot = this.spots.get(row);
        if (spot && this.visible[spot[0]] === true) rows.push(row);
      }
      return rows.sort((a, b) => a - b);
    }
    // Positions of selected points in each trace.
    positions() {
      const lists = this.figure.data.map(() => []);
      for (const row of selected) {
        const spot = this.spots.get(row);
        if (spot) lists[spot[0]].push(spot[1]);
      }
      return lists.map((l) => l.sort((a, b) => a - b));
    }
    // Coordinates of selected points in space, for the rings around them.
    rings() {
      const at = { x: [], y: [], z: [] };
      if (!this.coordinates) {
        this.coordinates = this.figure.data.map((t) => ({ x: numbers(t.x), y: numbers(t.y), z: numbers(t.z) }));
      }
      for (const row of this.shown()) {
        const [t, p] = this.spots.get(row);
        for (const c of ["x", "y", "z"]) at[c].push(this.coordinates[t][c][p]);
      }
      return at;
    }
    traces() {
      const positions = this.positions();
      const traces = this.figure.data.map((trace, t) => {
        const copy = { ...trace, visible: this.visible[t] };
        if (trace.marker?.line) copy.marker = { ...trace.marker, line: { ...trace.marker.line, color: color("--page") } };
        if (!this.space && selected.size) copy.selectedpoints = positions[t];
        return copy;
      });
      if (this.space) {
        const size = 1.7 * Math.max(5, ...this.figure.data.map((t) => t.marker?.size ?? 6));
        const marker = { symbol: "circle-open", size, color: color("--ink"), line: { width: 2 } };
        traces.push({ type: "scatter3d", mode: "markers", hoverinfo: "skip", showlegend: false, marker, ...this.rings() });
      }
      return traces;
    }
    layout() {
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
      };
      if (this.space) {
        layout.scene = { ...own.scene, bgcolor: page };
        for (const axis of ["xaxis", "yaxis", "zaxis"]) layout.scene[axis] = { ...own.scene?.[axis], gridcolor: line };
      }
      else layout.clickmode = "event+select";
      return layout;
    }
  }

  function panel() {
    const rows = view.shown();
    const n = rows.length;
    const total = view.spots.size;
    $("count").textContent = count(n);
    $("count").dataset.count = n;
    $("of").textContent = `of ${count(total)} ${total === 1 ? "point" : "points"} selected`;
    for (const id of ["copy", "save"]) $(id).disabled = n === 0;
    $("clear").disabled = selected.size === 0;
    $("hint").hidden = n > 0;
    $("hint").textContent = view.space
      ? "Click points to select them. Drag to turn the map, scroll to zoom."
      : "Drag around points to select them. Hold Shift to add more, double-click to clear. Scroll to zoom.";

    const picked = view.figure.data.map(() => 0);
    for (const row of rows) picked[view.spots.get(row)[0]] += 1;
    $("legend").replaceChildren(...view.order.map((t) => legendEntry(t, picked[t], n > 0)));

    const list = rows.slice(0, LISTED).map((row) => {
      const item = view.item(row);
      const li = make("li");
      const head = make("div", "head");
      head.append(dot(item.t), make("bdi", "id", item.id), make("bdi", "label", item.label ?? ""));
      li.append(head);
      if (item.preview) {
        const p = make("p", "", item.preview);
        p.dir = "auto";
        li.append(p);
      }
      return li;
    });
    if (n > LISTED) list.push(make("li", "more", `and ${count(n - LISTED)} more`));
    $("list").hidden = n === 0;
    $("list").replaceChildren(...list);
  }

  function dot(t) {
    const d = make("span", `dot ${view.figure.data[t].marker?.symbol ?? ""}`);
    d.style.background = view.swatch(t);
    return d;
  }

  function legendEntry(t, picked, selecting) {
    const trace = view.figure.data[t];
    const total = (trace.customdata || []).length;
    const button = make("button");
    button.type = "button";
    button.setAttribute("aria-pressed", view.visible[t] === true);
    const name = make("bdi", "name", plain(trace.name ?? ""));
    name.title = trace.meta?.label ?? name.textContent;
    const n = make("span", "n");
    if (selecting) n.append(make("b", "", count(picked)), ` / ${count(total)}`);
    else n.textContent = count(total);
    button.append(dot(t), name, n);
    if (selecting) {
      const bar = make("span", "bar");
      const fill = make("i");
      fill.style.width = `${(100 * picked) / Math.max(total, 1)}%`;
      fill.style.background = view.swatch(t);
      bar.append(fill);
      button.append(bar);
    }
    button.title = "Click to hide or show, double-click to show alone";
    // The entry is made anew by each click, so a double click is told by its count.
    button.addEventListener("click", (e) => toggle(t, e.detail === 2));
    const li = make("li");
    li.append(button);
    return li;
  }

  async function toggle(t, alone) {
    const others = view.visible.filter((v, i) => v === true && i !== t).length;
    // The first click of a double click has hidden or shown the entry already; what it did does not matter here.
    if (alone) view.visible = view.visible.map((_, i) => (i === t || others === 0 ? true : "legendonly"));
    else view.visible[t] = view.visible[t] === true ? "legendonly" : true;
    await restyle({ visible: [...view.visible] }, view.figure.data.map((_, i) => i));
    if (view.space) await rings();
    panel();
  }

  // Plotly tells of selections that its own redrawing brings about; those are not the user's.
  async function restyle(update, traces) {
    restyling += 1;
    try {
      await Plotly.restyle(plot, update, traces);
    } finally {
      restyling -= 1;
    }
  }

  const rings = () => {
    const at = view.rings();
    return restyle({ x: [at.x], y: [at.y], z: [at.z] }, [view.figure.data.length]);
  };

  async function clear() {
    selected.clear();
    if (view.space) await rings();
    else {
      restyling += 1;
      try {
        await Plotly.update(plot, { selectedpoints: [null] }, { selections: [] });
      } finally {
        restyling -= 1;
      }
    }
    panel();
  }

  function listen() {
    plot.on("plotly_selected", (e) => {
      if (!e || restyling) return;
      // Selected points of hidden labels are not told; they stay selected for when they are shown again.
      for (const row of view.shown()) selected.delete(row);
      for (const p of e.points) if (p.customdata) selected.add(p.customdata[0]);
      panel();
    });
    plot.on("plotly_deselect", () => {
      if (restyling) return;
      selected.clear();
      panel();
    });
    if (!view.space) return;
    plot.on("plotly_click", (e) => {
      const row = e.points[0]?.customdata?.[0];
      if (row === undefined) return;
      if (!selected.delete(row)) selected.add(row);
      // Plotly is still at work on the click.
      setTimeout(() => rings().then(panel), 0);
    });
  }

  async function draw(i) {
    delete plot.dataset.ready;
    const turn = ++drawn;
    [...$("tabs").children].forEach((b, t) => b.setAttribute("aria-pressed", t === i));
    view = views[i] ??= new View(figures[i].figure);
    panel();
    Plotly.purge(plot);
    await Plotly.newPlot(plot, view.traces(), view.layout(), figures[i].figure.config);
    // Another figure was asked for meanwhile.
    if (turn !== drawn) return;
    listen();
    plot.dataset.ready = i;
  }

  const ids = () => view.shown().map((row) => view.item(row).id);

  $("copy").addEventListener("click", async () => {
    const text = ids().join("\n");
    let ok = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Pages opened from a file may not be allowed to.
      const area = make("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      ok = document.execCommand("copy");
      area.remove();
    }
    $("copy").textContent = ok ? "Copied" : "Not allowed";
    setTimeout(() => ($("copy").textContent = "Copy ids"), 1500);
  });
  $("save").addEventListener("click", () => {
    const json = JSON.stringify({ selections: [{ instance_ids: ids(), priority: 1 }] }, null, 2) + "\n";
    const a = make("a");
    a.href = URL.createObjectURL(new Blob([json], { type: "application/json" }));
    a.download = "selection.json";
    a.click();
    setTimeout(() => URL.revokeObjectURL(a.href), 10000);
  });
  $("clear").addEventListener("click", clear);

  const views = [];
  let current = 0;
  figures.forEach(({ name }, i) => {
    const button = make("button", "", name);
    button.type = "button";
    button.addEventListener("click", () => draw((current = i)));
    $("tabs").append(button);
  });
  $("tabs").hidden = figures.length < 2;
  if (typeof Plotly === "undefined") {
    $("hint").textContent = "This page needs plotly.js, which could not be loaded.";
    return;
  }
  if (figures.length === 0) {
    $("of").textContent = "points: this page has no map";
    return;
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw(current));
  draw(0);
})();
