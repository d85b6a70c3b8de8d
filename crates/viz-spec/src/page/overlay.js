  // What lies over the maps: a box that tells of the point under the pointer, rings, and lines to neighbors.

  const shape = (tag, attributes) => {
    const e = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) e.setAttribute(name, value);
    return e;
  };

  // Where a plane map stands, and what it shows: while it is dragged, too.
  function sight(map) {
    const [x, y] = ["xaxis", "yaxis"].map((name) => plot._fullLayout?.[numbered(name, map.number)]);
    if (!x?._length || !y?._length) return null;
    const [[x0, x1], [y0, y1]] = [x.range, y.range];
    return {
      left: x._offset, top: y._offset, width: x._length, height: y._length,
      perX: (x1 - x0) / x._length, perY: (y1 - y0) / y._length,
      pixel: ([px, py]) => [((px - x0) / (x1 - x0)) * x._length, ((y1 - py) / (y1 - y0)) * y._length],
      value: (px, py) => [x0 + ((x1 - x0) * px) / x._length, y1 - ((y1 - y0) * py) / y._length],
    };
  }

  // The plane map and the point under a place of the window.
  function under(clientX, clientY) {
    const box = plot.getBoundingClientRect();
    for (const map of view.plane) {
      const at = sight(map);
      const [px, py] = [clientX - box.left - (at?.left ?? 0), clientY - box.top - (at?.top ?? 0)];
      if (!at || px < 0 || py < 0 || px > at.width || py > at.height) continue;
      const reach = Math.max(fingers.matches ? 16 : 8, (view.models[view.maps.indexOf(map)]?.marker?.size ?? 6) / 2 + 3);
      const may = (row) => view.visible(row) && view.drawn?.[row] !== 0;
      const row = map.grid.nearest(...at.value(px, py), reach * Math.abs(at.perX), reach * Math.abs(at.perY), may);
      return { map, row };
    }
    return { map: null, row: null };
  }

  let hovered = { row: null, map: null };
  function hover(row, map, x, y) {
    tip(row, x, y);
    if (row === hovered.row && map === hovered.map) return;
    hovered = { row, map };
    overlay();
  }
  const leave = () => hover(null, null);

  // A box of text beside the pointer. Texts are set as texts, so that nothing in them is anything else.
  function tip(row, x, y) {
    const box = $("tip");
    if (row === null || x === undefined) {
      box.hidden = true;
      return;
    }
    if (box.hidden || Number(box.dataset.row) !== row) {
      box.dataset.row = row;
      const head = make("div", "head");
      const label = table.label(row);
      head.append(dot(row), make("bdi", label === null ? "id" : "label", cut(oneLine(label ?? table.ids[row]), 80)));
      box.replaceChildren(head);
      if (label !== null) box.append(make("bdi", "id", cut(oneLine(table.ids[row]), 80)));
      const { scale, title, of } = view.coloring;
      const value = scale ? shorter(scale.values[row]) : of ? told(of, row) : "";
      if (value) box.append(make("div", "value", `${cut(oneLine(title), 60)}: ${cut(oneLine(value), 80)}`));
      const preview = table.preview(row);
      if (preview) {
        const p = make("p", "", preview);
        p.dir = "auto";
        box.append(p);
      }
      box.hidden = false;
    }
    const stage = $("stage").getBoundingClientRect();
    const [width, height] = [box.offsetWidth, box.offsetHeight];
    let [left, top] = [x - stage.left + 14, y - stage.top + 14];
    if (left + width > stage.width - 8) left = x - stage.left - width - 14;
    if (top + height > stage.height - 8) top = y - stage.top - height - 14;
    box.style.left = `${Math.max(4, left)}px`;
    box.style.top = `${Math.max(4, top)}px`;
  }

  const links = () => (card ? card.near.map(({ row }) => [card.row, row]).filter(([, row]) => view.visible(row)) : []);

  function overlay() {
    const frames = [];
    if (view && plot.dataset.ready !== undefined && (card || hovered.row !== null)) {
      for (const map of view.plane) {
        const at = sight(map);
        if (!at) continue;
        // Cuts off what is not in sight.
        const frame = shape("svg", { x: at.left, y: at.top, width: at.width, height: at.height });
        const spot = (row) => at.pixel(view.place(map, row));
        const in_ = (row) => view.visible(row) && !Number.isNaN(spot(row)[0]);
        const ring = (row, r, name) => {
          const [cx, cy] = spot(row);
          const circle = { cx, cy, r };
          frame.append(shape("circle", { ...circle, class: "halo" }), shape("circle", { ...circle, class: name, stroke: view.swatch(row) }));
        };
        if (card && in_(card.row)) {
          const [x1, y1] = spot(card.row);
          const all = links().map(([, row]) => row).filter(in_);
          for (const row of all) {
            const [x2, y2] = spot(row);
            frame.append(shape("line", { x1, y1, x2, y2, class: "link" }));
          }
          for (const row of all) ring(row, 5, "near");
          ring(card.row, 9, "chosen");
        }
        // What is under the pointer is seen there already.
        if (hovered.row !== null && hovered.map !== map && in_(hovered.row)) ring(hovered.row, 9, "hovered");
        if (frame.childNodes.length) frames.push(frame);
      }
    }
    $("marks").replaceChildren(...frames);
  }
