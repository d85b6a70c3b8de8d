  // The panel beside the maps: how many points are selected, of which group, and which.

  // Points that the list shows; all are counted, copied and saved.
  const LISTED = 300;
  const count = (n) => n.toLocaleString("en-US");

  const make = (tag, className, text) => {
    const e = document.createElement(tag);
    if (className) e.className = className;
    if (text !== undefined) e.textContent = text;
    return e;
  };
  const press = (className, action) => {
    const button = make("button", className);
    button.type = "button";
    button.addEventListener("click", action);
    return button;
  };

  function hint() {
    const where = view.several ? " in one map to select them in all" : " to select them";
    if (view.space && !view.plane.length) return `Click a point for its details, with Shift to select several. Drag to turn the map, scroll to zoom.`;
    if (fingers.matches && narrow.matches) return `Tap a point for its details. Choose the lasso above, and draw around points${where}.`;
    return `Click a point for its details. Drag around points${where}: Shift adds, Alt takes away, a double click clears. Scroll to zoom.`;
  }

  // What is selected and visible, in order.
  const chosen = () => selected.list().filter((row) => view.visible(row));

  function panel() {
    const rows = chosen();
    const n = rows.length;
    $("count").textContent = count(n);
    $("count").dataset.count = n;
    $("of").textContent = `of ${count(view.total)} ${view.total === 1 ? "point" : "points"} selected`;
    for (const id of ["copy", "save"]) $(id).disabled = n === 0;
    $("table").title = `Save ${n ? "what is selected" : "all points"} as CSV`;
    $("clear").disabled = selected.size === 0 && !card;
    partly();

    const picked = new Map(view.coloring.groups.map((group) => [group, 0]));
    for (const row of rows) picked.set(view.group(row), picked.get(view.group(row)) + 1);
    for (const entry of $("legend").querySelectorAll("button")) counts(entry, picked.get(entry.group), n > 0);

    $("hint").hidden = n > 0 || card !== null;
    $("hint").textContent = hint();
    const list = rows.slice(0, LISTED).map((row) => listEntry(row, () => open(row)));
    if (n > LISTED) list.push(make("li", "more", `and ${count(n - LISTED)} more`));
    $("list").hidden = n === 0 || card !== null;
    refill($("list"), list);
  }

  // How many are drawn, where that is not all.
  function partly() {
    $("drawn").hidden = !view.drawn;
    if (view.drawn) $("drawn").textContent = `${count(view.some)} of ${count(view.total)} drawn; zoom in for more`;
  }

  function dot(row) {
    const d = make("span", `dot ${view.group(row)?.symbol ?? ""}`);
    d.style.background = view.swatch(row);
    return d;
  }

  function listEntry(row, action, beside) {
    const li = make("li");
    const button = press("item", action);
    const head = make("span", "head");
    head.append(dot(row), make("bdi", "id", cut(oneLine(table.ids[row]), 80)));
    head.append(make("bdi", "label", cut(oneLine(table.label(row) ?? ""), 80)));
    if (beside !== undefined) head.append(make("span", "far", beside));
    button.append(head);
    const preview = table.preview(row);
    if (preview) {
      const p = make("span", "text", preview);
      p.dir = "auto";
      button.append(p);
    }
    for (const enter of ["mouseenter", "focus"]) button.addEventListener(enter, () => hover(row, null));
    for (const exit of ["mouseleave", "blur"]) button.addEventListener(exit, leave);
    li.append(button);
    return li;
  }

  // New entries; one of them can be reached by Tab, the others from there by arrows.
  function refill(list, entries) {
    list.replaceChildren(...entries);
    list.querySelectorAll("button").forEach((button, i) => (button.tabIndex = i ? -1 : 0));
  }

  // The legend of what the points are colored by. Made when that changes, so that the keyboard keeps its place.
  function legend() {
    const { legend: groups, scale } = view.coloring;
    $("scale").hidden = !scale;
    if (scale) scaleBar(scale);
    const named = groups.filter((group) => !scale || group.color !== undefined);
    refill($("legend"), named.map(legendEntry));
    $("legend").hidden = named.length === 0;
  }

  function legendEntry(group) {
    const button = press("", (e) => toggle(group, e.detail === 2 || e.shiftKey));
    button.group = group;
    const name = make("bdi", "name", cut(oneLine(group.name ?? ""), 120));
    name.title = cut(group.full ?? group.name, 1000);
    const mark = make("span", `dot ${group.symbol ?? ""}`);
    mark.style.background = group.color ?? "transparent";
    const bar = make("span", "bar");
    const fill = make("i");
    fill.style.background = group.color ?? "transparent";
    bar.append(fill);
    button.append(mark, name, make("span", "n"), bar);
    button.title = "Click: hide or show. Double click, or Shift and Enter: show alone.";
    const li = make("li");
    li.append(button);
    return li;
  }

  function counts(button, picked, selecting) {
    const { group } = button;
    const total = group.rows.length;
    button.setAttribute("aria-pressed", group.visible === true);
    const n = button.querySelector(".n");
    n.replaceChildren(...(selecting ? [make("b", "", count(picked)), ` / ${count(total)}`] : [count(total)]));
    const bar = button.querySelector(".bar");
    bar.style.visibility = selecting ? "" : "hidden";
    bar.firstChild.style.width = `${(100 * picked) / Math.max(total, 1)}%`;
  }

  // The range of a number, with how many points are where in it.
  const BINS = 40;
  function scaleBar({ values, min, max, colors, known }) {
    const bins = new Uint32Array(BINS);
    for (const row of view.coloring.groups[known - 1]?.rows ?? []) {
      bins[Math.min(BINS - 1, Math.floor(((values[row] - min) / (max - min || 1)) * BINS))]++;
    }
    const most = bins.reduce((a, b) => Math.max(a, b), 1);
    const bars = [...bins].map((n) => {
      const bar = make("i");
      bar.style.height = n ? `${Math.max(4, (100 * n) / most)}%` : "0";
      return bar;
    });
    $("bins").replaceChildren(...bars);
    $("ramp").style.background = `linear-gradient(to right, ${colors.join(", ")})`;
    const any = min <= max;
    $("least").textContent = any ? shorter(min) : "";
    $("greatest").textContent = any ? shorter(max) : "";
  }

  // The menu of what points can be colored by.
  function menu() {
    const entries = [["own", view.own.title]];
    table.columns.forEach((c, i) => {
      entries.push([`${i}`, c.name]);
      if (few(c)) entries.push([`${i}:names`, `${c.name} (as names)`]);
    });
    const shown = $("by").value;
    $("by").replaceChildren(...entries.map(([value, text]) => {
      const option = make("option", "", cut(oneLine(text), 60));
      option.value = value;
      return option;
    }));
    if (entries.some(([value]) => value === shown)) $("by").value = shown;
    // One entry is still what the scale is of.
    $("coloring").hidden = entries.length < 2 && !view.own.scale;
  }

  function colored(by) {
    const [i, names] = by.split(":");
    if (i === "own" || i === "") return view.own;
    view.others ??= new Map();
    if (!view.others.has(by)) {
      const of = table.columns[i];
      view.others.set(by, { ...byColumn(table, of, view.in, names !== undefined), of });
    }
    return view.others.get(by);
  }
