  // Where the maps of a figure stand.

  const HEADING = 30;
  const GAP = 14;
  const MARGIN = { l: 14, r: 14, t: 40, b: 14 };

  // The panel takes this much beside or below the maps, as in the style.
  const BESIDE = 340;
  const BELOW = 280;

  // As many columns as make the maps largest, with little liking for empty places.
  function columnsFor(n, width, height) {
    const worth = (columns) => {
      const rows = Math.ceil(n / columns);
      return Math.min(width / columns, height / rows - HEADING) * (columns * rows === n ? 1 : 0.75);
    };
    const all = Array.from({ length: n }, (_, i) => ({ columns: i + 1, worth: worth(i + 1) }));
    return all.reduce((a, b) => (b.worth > a.worth ? b : a));
  }

  // How `n` maps stand on a page with this room for maps and panel: in how many columns, whether the panel is below them,
  // and on a narrow page, where all scrolls, the height that they take: they are as high as they are wide.
  function arrangement(n, width, height, narrow) {
    if (narrow) {
      const columns = width < 560 ? 1 : 2;
      return { columns, below: false, height: MARGIN.t + MARGIN.b + Math.ceil(n / columns) * (width / columns + HEADING) };
    }
    const beside = columnsFor(n, width - BESIDE, height - MARGIN.t);
    const below = columnsFor(n, width, height - BELOW - MARGIN.t);
    return below.worth > beside.worth ? { ...below, below: true } : { ...beside, below: false };
  }

  // The places of `n` maps in `columns`, as parts of the figure: of the whole, and of the map without its heading.
  function places(n, columns, width, height) {
    const rows = Math.ceil(n / columns);
    const [inner, outer] = [width - MARGIN.l - MARGIN.r, height - MARGIN.t - MARGIN.b].map((x) => Math.max(x, 1));
    const side = (at, all, length) => {
      const gap = Math.min(GAP / length, 0.1);
      const size = (1 - gap * (all - 1)) / all;
      return [at * (size + gap), Math.min(at * (size + gap) + size, 1)];
    };
    return Array.from({ length: n }, (_, i) => {
      const x = side(i % columns, columns, inner);
      // Plotly counts from the bottom.
      const y = side(Math.floor(i / columns), rows, outer).map((v) => 1 - v).reverse();
      return { x, y, top: Math.max(y[1] - HEADING / outer, (y[0] + y[1]) / 2) };
    });
  }
