  // What the user does, and what follows from it.

  const $ = (id) => document.getElementById(id);
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const plot = $("plot");
  const data = JSON.parse($("data").textContent);
  const table = new Table(data);
  const { figures } = data;
  const narrow = matchMedia("(max-width: 800px)");
  const fingers = matchMedia("(pointer: coarse)");
  // Rows that are selected, in whichever figure they were.
  const selected = new Rows(table.n);
  const views = [];
  let view = null;
  let current = 0;
  let drawn = 0;
  // Keys that were down when the last drag began.
  let keys = {};

  // Changes of the plot, one after the other: Plotly does not take them all at once.
  let queue = Promise.resolve();
  const later = (change) => (queue = queue.then(change).catch((e) => console.error(e)));
  const laterHere = (change) => {
    const target = view;
    return later(() => (view === target && plot.dataset.ready !== undefined ? change() : undefined));
  };

  // What stands out in the maps: what is selected, and the neighbors of the point whose card is open.
  function marked() {
    if (!card) return selected;
    const all = new Rows(table.n);
    for (const row of selected.list()) all.add(row);
    for (const row of [card.row, ...card.near.map((n) => n.row)]) all.add(row);
    return all;
  }

  // Shows what is selected, in all maps. Plotly's own outlines would select anew with each redrawing, and only in their
  // map, so that ours take their place.
  function show() {
    panel();
    overlay();
    return laterHere(() => {
      const rows = marked();
      if (view.choose(rows)) return paint(rows);
      const layout = { selections: [], shapes: view.shapes() };
      const positions = view.positions(rows);
      const change = positions.length
        ? Plotly.update(plot, { selectedpoints: positions.map(([, list]) => list) }, layout, positions.map(([t]) => t))
        : Promise.resolve();
      return change.then(() => inSpace(rows)).then(settled);
    });
  }

  // Rings and lines in space, which are traces after all others.
  function inSpace(rows) {
    const marks = view.maps.filter((map) => map.space).flatMap((map) => view.marks(map, rows, links()));
    if (!marks.length) return undefined;
    const of = (c) => marks.map((trace) => trace[c]);
    return Plotly.restyle(plot, { x: of("x"), y: of("y"), z: of("z") }, marks.map((_, i) => view.after + i));
  }

  // Draws the same maps anew, with other groups or points; what the axes show stays.
  function paint(rows = marked()) {
    const layout = view.layout(room());
    const { dragmode } = plot.layout;
    if (dragmode !== undefined) layout.dragmode = dragmode;
    for (const map of view.maps) {
      const names = map.space ? ["scene"] : ["xaxis", "yaxis"];
      for (const key of names.map((name) => numbered(name, map.number))) {
        const kept = map.space ? { camera: plot.layout[key]?.camera } : { range: plot.layout[key]?.range, autorange: false };
        layout[key] = { ...layout[key], ...Object.fromEntries(Object.entries(kept).filter(([, v]) => v !== undefined)) };
      }
    }
    layout.selections = [];
    partly();
    return Plotly.react(plot, view.traces(rows, links()), layout, config()).then(settled);
  }

  const config = () => ({ ...figures[current].config, responsive: !view.several });

  // After each drawing.
  function settled() {
    for (const button of plot.querySelectorAll(".modebar-btn:not([tabindex])")) {
      button.tabIndex = 0;
      button.setAttribute("role", "button");
      button.setAttribute("aria-label", button.dataset.title ?? "");
    }
    overlay();
  }

  function select(rows) {
    selected.clear();
    for (const row of rows) selected.add(row);
  }

  function clear() {
    select([]);
    card = null;
    $("card").hidden = true;
    view.outlines = [];
    forget();
    show();
  }

  function toggle(group, alone) {
    const { groups } = view.coloring;
    const others = groups.filter((g) => g.rows.length && g.visible === true && g !== group).length;
    // The first click of a double click has hidden or shown the entry already; what it did does not matter here.
    if (alone) for (const g of groups) g.visible = g === group || others === 0 ? true : "legendonly";
    else group.visible = group.visible === true ? "legendonly" : true;
    panel();
    overlay();
    laterHere(() => {
      const rows = marked();
      if (view.choose(rows)) return paint(rows);
      const visible = groups.flatMap((g) => view.maps.map(() => g.visible));
      const traces = visible.map((_, i) => view.extra.length + i);
      return Plotly.restyle(plot, { visible }, traces).then(() => inSpace(rows)).then(settled);
    });
  }

  function recolor() {
    view.coloring = colored($("by").value);
    legend();
    panel();
    if (card) fillCard();
    laterHere(() => {
      const rows = marked();
      view.choose(rows);
      return paint(rows);
    });
  }

  // An outline as the user drew it, as a shape that selects nothing.
  const outline = ({ type, path, x0, x1, y0, y1, xref, yref, line }) =>
    ({ type, path, x0, x1, y0, y1, xref, yref, line: { ...line, dash: "dot" }, fillcolor: "rgba(0,0,0,0)" });

  // Rows inside an outline: all of them, drawn or not.
  function inside({ type, path, x0, x1, y0, y1, xref }) {
    const map = view.plane.find((m) => numbered("x", m.number) === xref);
    const rows = [];
    if (!map) return rows;
    let [xs, ys] = [[x0, x1, x1, x0], [y0, y0, y1, y1]].map((all) => all.map(Number));
    if (type === "path") {
      const pairs = path.match(/[^MLZ]+/g).map((pair) => pair.split(",").map(Number));
      [xs, ys] = [pairs.map(([x]) => x), pairs.map(([, y]) => y)];
    }
    map.grid.inside(xs, ys, (row) => { if (view.visible(row)) rows.push(row); });
    return rows;
  }

  function click(row, event) {
    const adding = event?.shiftKey;
    if (adding) {
      selected.has(row) ? selected.delete(row) : selected.add(row);
      show();
    } else if (card?.row === row) close();
    else {
      select([row]);
      view.outlines = [];
      open(row);
    }
    forget();
  }

  function listen() {
    plot.on("plotly_selected", (e) => {
      // A click tells of a selection of nothing.
      if (!e?.selections?.length) return;
      const rows = e.selections.flatMap(inside);
      const adding = keys.shift || keys.alt;
      // Selected points of hidden groups stay selected for when they are shown again.
      if (!adding) for (const row of selected.list()) if (view.visible(row)) selected.delete(row);
      for (const row of rows) keys.alt ? selected.delete(row) : selected.add(row);
      view.outlines = [...(adding ? view.outlines : []), ...e.selections.map(outline)];
      card = null;
      $("card").hidden = true;
      forget();
      // Plotly is still at work on the drag.
      setTimeout(show, 0);
    });
    plot.on("plotly_deselect", () => setTimeout(clear, 0));
    // In space Plotly tells what is under the pointer.
    plot.on("plotly_click", (e) => {
      const row = view.rowOf(e.points[0].curveNumber, e.points[0].pointNumber);
      if (row !== undefined) setTimeout(() => click(row, e.event ?? keys), 0);
    });
    plot.on("plotly_hover", (e) => {
      const { curveNumber, pointNumber } = e.points[0];
      const row = view.rowOf(curveNumber, pointNumber);
      if (row !== undefined) hover(row, view.maps[(curveNumber - view.extra.length) % view.maps.length], pointer.x, pointer.y);
    });
    plot.on("plotly_unhover", leave);
    plot.on("plotly_relayouting", () => {
      leave();
      overlay();
    });
    let moved;
    plot.on("plotly_relayout", () => {
      leave();
      overlay();
      clearTimeout(moved);
      // Nearer, more of the points can be drawn.
      if (view.drawn) moved = setTimeout(() => laterHere(() => {
        const rows = marked();
        return view.choose(rows) ? paint(rows) : undefined;
      }), 200);
    });
  }

  // Gives several maps their room, and tells how they stand in it. A single one follows its size by itself.
  function room() {
    const main = document.querySelector("main");
    if (!view.several) {
      main.classList.remove("below");
      plot.style.height = "";
      return null;
    }
    const all = main.getBoundingClientRect();
    const { columns, below, height } = arrangement(view.maps.length, all.width, all.height, narrow.matches);
    main.classList.toggle("below", below);
    plot.style.height = height ? `${Math.floor(height)}px` : "";
    return { columns, width: plot.clientWidth, height: plot.clientHeight };
  }

  function fit() {
    if (plot.dataset.ready === undefined) return;
    leave();
    overlay();
    laterHere(() => {
      if (!view.several) return undefined;
      const box = room();
      const { width, height } = plot.layout;
      return width === box.width && height === box.height ? undefined : Plotly.relayout(plot, view.arranged(box)).then(settled);
    });
  }

  // An animation, or a figure with menus: all of it is Plotly's.
  async function asItIs(turn, i) {
    leave();
    $("marks").replaceChildren();
    $("drawn").hidden = true;
    plot.style.height = "";
    const { data, layout, frames, config } = view.whole;
    const [page, ink] = ["--page", "--ink"].map(css);
    const themed = { paper_bgcolor: page, plot_bgcolor: page, ...layout, font: { color: ink, ...layout.font } };
    await later(() => {
      if (turn !== drawn) return undefined;
      Plotly.purge(plot);
      // Plotly writes into what it is given.
      const own = structuredClone({ data, layout: { ...themed, autosize: true, width: undefined, height: undefined }, frames, config });
      return Plotly.newPlot(plot, { ...own, config: { ...own.config, responsive: true } });
    });
    if (turn !== drawn) return;
    plot.dataset.ready = i;
    performance.mark("drawn");
  }

  async function draw(i) {
    delete plot.dataset.ready;
    const turn = ++drawn;
    current = i;
    [...$("tabs").children].forEach((b, t) => b.setAttribute("aria-pressed", t === i));
    view = views[i] ??= new View(table, figures[i]);
    // What is selected may have changed in another figure since these were drawn.
    view.outlines = [];
    if (card && !view.in[card.row]) card = null;
    document.querySelector("main").classList.toggle("whole", Boolean(view.whole));
    if (view.whole) return asItIs(turn, i);
    menu();
    view.coloring = colored($("by").value);
    legend();
    view.choose(marked());
    panel();
    leave();
    await later(() => {
      if (turn !== drawn) return undefined;
      Plotly.purge(plot);
      return Plotly.newPlot(plot, view.traces(marked(), links()), view.layout(room()), config());
    });
    // Another figure was asked for meanwhile.
    if (turn !== drawn) return;
    listen();
    plot.dataset.ready = i;
    performance.mark("drawn");
    settled();
    fit();
  }
