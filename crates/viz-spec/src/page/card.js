  // The card of one point: all that is known of it, and its nearest neighbors.

  // `{ row, near, back }`: the point, its neighbors, and the points whose cards led here.
  let card = null;

  function open(row, back = []) {
    // A selection of just the point before follows.
    if (selected.size === 0 || (card && selected.size === 1 && selected.has(card.row))) select([row]);
    card = { row, near: table.neighbors(row).filter((n) => view.in[n.row]), back };
    fillCard();
    reach(row);
    show();
  }

  function close() {
    if (!card) return;
    const { row } = card;
    card = null;
    $("card").hidden = true;
    if (selected.size === 1 && selected.has(row)) select([]);
    show();
  }

  function fillCard() {
    const { row, near, back } = card;
    const label = table.label(row);
    $("card-id").textContent = table.ids[row];
    $("card-dot").replaceChildren(dot(row));
    $("card-label").textContent = label ?? "";
    $("card-label").hidden = label === null;
    $("back").hidden = back.length === 0;
    $("card-text").textContent = table.text(row);
    $("card-text").hidden = !table.text(row);
    const values = table.columns.flatMap((column) => {
      const value = told(column, row);
      return value === "" ? [] : [make("dt", "", column.name), make("dd", "", value)];
    });
    for (const e of values) e.dir = "auto";
    $("values").replaceChildren(...values);
    $("values").hidden = values.length === 0;
    $("near").hidden = near.length === 0;
    $("near-title").hidden = near.length === 0;
    $("near-title").firstChild.textContent = `${near.length} nearest ${near.length === 1 ? "neighbor" : "neighbors"} `;
    const go = (to) => () => {
      open(to, [...back, row]);
      $("near").querySelector("button")?.focus();
    };
    refill($("near"), near.map((n) => listEntry(n.row, go(n.row), shorter(Number(n.distance.toPrecision(3))))));
    $("card").hidden = false;
    $("card-scroll").scrollTop = 0;
  }

  // Brings a point into sight where it is not.
  function reach(row) {
    laterHere(() => {
      const update = {};
      for (const map of view.plane) {
        const at = sight(map);
        const place = view.place(map, row);
        if (!at || Number.isNaN(place[0])) continue;
        const [px, py] = at.pixel(place);
        if (px >= 0 && py >= 0 && px <= at.width && py <= at.height) continue;
        [["xaxis", at.perX * at.width], ["yaxis", at.perY * at.height]].forEach(([name, length], c) => {
          update[`${numbered(name, map.number)}.range`] = [place[c] - length / 2, place[c] + length / 2];
        });
      }
      return Object.keys(update).length ? Plotly.relayout(plot, update) : undefined;
    });
  }
