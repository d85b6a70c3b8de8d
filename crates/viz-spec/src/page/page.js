  // What the user does, and what follows from it.

  const $ = (id) => document.getElementById(id);
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const plot = $("plot");
  const figures = JSON.parse($("figures").textContent);
  const narrow = matchMedia("(max-width: 800px)");
  const fingers = matchMedia("(pointer: coarse)");
  // Rows that are selected, in whichever figure they were.
  const selected = new Set();
  const views = [];
  let view = null;
  let current = 0;
  let drawn = 0;
  // Keys that were down when the last drag began.
  let keys = {};

  // Changes of the plot, one after the other: Plotly does not take them all at once.
  let queue = Promise.resolve();
  const later = (change) => (queue = queue.then(change).catch((e) => console.error(e)));

  // Shows what is selected, in all maps. Plotly's own outlines would select anew with each redrawing, and only in their
  // map, so that ours take their place.
  function show() {
    panel();
    const target = view;
    return later(() => {
      if (view !== target) return undefined;
      const positions = view.positions();
      const flat = view.data.map((_, t) => t).filter((t) => !view.panelOf[t].space);
      const layout = { selections: [], shapes: view.shapes() };
      const marked = view.plane
        ? Plotly.update(plot, { selectedpoints: flat.map((t) => positions[t]) }, layout, flat)
        : Promise.resolve();
      return marked.then(rings);
    });
  }

  function rings() {
    if (!view.ringed.length) return undefined;
    const at = view.ringed.map((panel) => view.rings(panel));
    const traces = at.map((_, i) => view.data.length + i);
    return Plotly.restyle(plot, { x: at.map((a) => a.x), y: at.map((a) => a.y), z: at.map((a) => a.z) }, traces);
  }

  function select(rows) {
    selected.clear();
    for (const row of rows) selected.add(row);
  }

  function clear() {
    select([]);
    view.outlines = [];
    $("search").value = "";
    show();
  }

  function toggle(group, alone) {
    const others = view.groups.filter((g) => g.visible === true && g !== group).length;
    // The first click of a double click has hidden or shown the entry already; what it did does not matter here.
    if (alone) for (const g of view.groups) g.visible = g === group || others === 0 ? true : "legendonly";
    else group.visible = group.visible === true ? "legendonly" : true;
    panel();
    const target = view;
    later(() => {
      if (view !== target) return undefined;
      const visible = view.data.map((_, t) => view.groupOf[t].visible);
      // Points that stay do not move: one label alone is seen where it lies among the others.
      const axes = view.panels.filter((p) => !p.space).flatMap((p) => [numbered("xaxis", p.number), numbered("yaxis", p.number)]);
      const still = Object.fromEntries(axes.map((axis) => [`${axis}.autorange`, false]));
      return Plotly.update(plot, { visible }, still, visible.map((_, t) => t)).then(rings);
    });
  }

  // An outline as the user drew it, as a shape that selects nothing.
  const outline = ({ type, path, x0, x1, y0, y1, xref, yref, line }) =>
    ({ type, path, x0, x1, y0, y1, xref, yref, line: { ...line, dash: "dot" }, fillcolor: "rgba(0,0,0,0)" });

  function listen() {
    plot.on("plotly_selected", (e) => {
      // A click tells of a selection of nothing.
      if (!e?.selections?.length) return;
      const rows = (e.points ?? []).map((p) => p.customdata?.[0]).filter((row) => row !== undefined);
      const adding = keys.shift || keys.alt;
      // Selected points of hidden labels are not told; they stay selected for when they are shown again.
      if (!adding) for (const row of view.shown()) selected.delete(row);
      for (const row of rows) keys.alt ? selected.delete(row) : selected.add(row);
      view.outlines = [...(adding ? view.outlines : []), ...e.selections.map(outline)];
      $("search").value = "";
      // Plotly is still at work on the drag.
      setTimeout(show, 0);
    });
    plot.on("plotly_deselect", () => setTimeout(clear, 0));
    plot.on("plotly_click", (e) => {
      const row = e.points[0]?.customdata?.[0];
      if (row === undefined) return;
      const space = e.points[0].data.type === "scatter3d";
      // In space, where nothing can be dragged around, each click adds or takes away.
      if (space || e.event?.shiftKey) selected.delete(row) || selected.add(row);
      else {
        select(selected.size === 1 && selected.has(row) ? [] : [row]);
        view.outlines = [];
      }
      $("search").value = "";
      setTimeout(show, 0);
    });
    plot.on("plotly_hover", (e) => {
      const row = e.points[0]?.customdata?.[0];
      if (row !== undefined && view.several) mark(row, view.panelOf[e.points[0].curveNumber]);
    });
    plot.on("plotly_unhover", unmark);
    plot.on("plotly_relayouting", unmark);
    plot.on("plotly_relayout", unmark);
  }

  // Rings around a row in all plane maps but the one that the pointer is in.
  function mark(row, except) {
    unmark();
    if (view.group(row)?.visible !== true) return;
    for (const [t, p] of view.spots.get(row)) {
      const { number, space } = view.panelOf[t];
      const [xaxis, yaxis] = ["xaxis", "yaxis"].map((name) => plot._fullLayout?.[numbered(name, number)]);
      if (space || view.panelOf[t] === except || !xaxis?._offset) continue;
      const [x, y] = view.point(t, p);
      const [left, top] = [xaxis.d2p(x), yaxis.d2p(y)];
      if (left < 0 || top < 0 || left > xaxis._length || top > yaxis._length) continue;
      const ring = make("i");
      ring.style.left = `${xaxis._offset + left}px`;
      ring.style.top = `${yaxis._offset + top}px`;
      ring.style.borderColor = view.swatch(t);
      $("marks").append(ring);
    }
  }

  function unmark() {
    $("marks").replaceChildren();
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
    const { columns, below, height } = arrangement(view.panels.length, all.width, all.height, narrow.matches);
    main.classList.toggle("below", below);
    plot.style.height = height ? `${Math.floor(height)}px` : "";
    return { columns, width: plot.clientWidth, height: plot.clientHeight };
  }

  function fit() {
    if (!view?.several || plot.dataset.ready === undefined) return;
    unmark();
    later(() => {
      if (!view.several) return undefined;
      const box = room();
      const { width, height } = plot.layout;
      return width === box.width && height === box.height ? undefined : Plotly.relayout(plot, view.arranged(box));
    });
  }

  async function draw(i) {
    delete plot.dataset.ready;
    const turn = ++drawn;
    [...$("tabs").children].forEach((b, t) => b.setAttribute("aria-pressed", t === i));
    view = views[i] ??= new View(figures[i].figure);
    // What is selected may have changed in another figure since these were drawn.
    view.outlines = [];
    panel();
    unmark();
    await later(() => {
      if (turn !== drawn) return undefined;
      Plotly.purge(plot);
      const layout = view.layout(room());
      return Plotly.newPlot(plot, view.traces(), layout, { ...figures[i].figure.config, responsive: !view.several });
    });
    // Another figure was asked for meanwhile.
    if (turn !== drawn) return;
    listen();
    plot.dataset.ready = i;
    fit();
  }

  actions();
  $("clear").addEventListener("click", clear);
  plot.addEventListener("pointerdown", (e) => (keys = { shift: e.shiftKey, alt: e.altKey }), true);
  let typing;
  $("search").addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => {
      const words = $("search").value.trim();
      select(words ? view.find(words) : []);
      view.outlines = [];
      show();
    }, 250);
  });
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
  let resized;
  new ResizeObserver(() => {
    clearTimeout(resized);
    resized = setTimeout(fit, 100);
  }).observe(document.querySelector("main"));
  draw(0);
