  // The panel beside the maps: how many points are selected, of which label, and which.

  // Points that the list shows; all are counted, copied and saved.
  const LISTED = 300;
  const count = (n) => n.toLocaleString("en-US");

  const make = (tag, className, text) => {
    const e = document.createElement(tag);
    if (className) e.className = className;
    if (text !== undefined) e.textContent = text;
    return e;
  };

  function hint() {
    const where = view.several ? " in one map to select them in all" : " to select them";
    if (view.space && !view.plane) return `Click points${where}. Drag to turn the map, scroll to zoom.`;
    if (fingers.matches && narrow.matches) return `Choose the lasso above, and draw around points${where}.`;
    const space = view.space ? " In space, click points." : "";
    return `Drag around points${where}.${space} Hold Shift to add, Alt to take away, double-click to clear. Scroll to zoom.`;
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
    $("hint").textContent = hint();

    const picked = new Map(view.groups.map((group) => [group, 0]));
    for (const row of rows) picked.set(view.group(row), picked.get(view.group(row)) + 1);
    $("legend").replaceChildren(...view.legend.map((group) => legendEntry(group, picked.get(group), n > 0)));

    const list = rows.slice(0, LISTED).map(listEntry);
    if (n > LISTED) list.push(make("li", "more", `and ${count(n - LISTED)} more`));
    $("list").hidden = n === 0;
    $("list").replaceChildren(...list);
  }

  function dot(t) {
    const d = make("span", `dot ${view.data[t].marker?.symbol ?? ""}`);
    d.style.background = view.swatch(t);
    return d;
  }

  function listEntry(row) {
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
    li.addEventListener("mouseenter", () => mark(row));
    li.addEventListener("mouseleave", unmark);
    return li;
  }

  function legendEntry(group, picked, selecting) {
    const trace = view.data[group.first];
    const total = (trace.customdata || []).length;
    const button = make("button");
    button.type = "button";
    button.setAttribute("aria-pressed", group.visible === true);
    const name = make("bdi", "name", plain(trace.name ?? ""));
    name.title = trace.meta?.label ?? name.textContent;
    const n = make("span", "n");
    if (selecting) n.append(make("b", "", count(picked)), ` / ${count(total)}`);
    else n.textContent = count(total);
    button.append(dot(group.first), name, n);
    if (selecting) {
      const bar = make("span", "bar");
      const fill = make("i");
      fill.style.width = `${(100 * picked) / Math.max(total, 1)}%`;
      fill.style.background = view.swatch(group.first);
      bar.append(fill);
      button.append(bar);
    }
    button.title = "Click to hide or show, double-click to show alone";
    // The entry is made anew by each click, so a double click is told by its count.
    button.addEventListener("click", (e) => toggle(group, e.detail === 2));
    const li = make("li");
    li.append(button);
    return li;
  }

  const ids = () => view.shown().map((row) => view.item(row).id);

  function actions() {
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
  }
