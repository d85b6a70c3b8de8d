  // What a figure holds, read.

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

  // The page holds what traces of one label in several maps share only once, in the first of them.
  const SHARED = ["text", "customdata"];
  function restore(data) {
    const first = new Map();
    for (const trace of data) {
      const model = first.get(trace.legendgroup);
      if (trace.legendgroup === undefined) continue;
      if (!model) first.set(trace.legendgroup, trace);
      else for (const key of SHARED) trace[key] ??= model[key];
    }
    return data;
  }

  const numbered = (name, number) => (number > 1 ? `${name}${number}` : name);

  // The maps of a figure, by number; none without points.
  function panelsOf(data) {
    const panels = new Map();
    data.forEach((trace, t) => {
      const space = trace.type === "scatter3d";
      const number = Number(/\d+$/.exec((space ? trace.scene : trace.xaxis) ?? "")?.[0] ?? 1);
      if (!panels.has(number)) panels.set(number, { number, space, traces: new Set() });
      panels.get(number).traces.add(t);
    });
    return [...panels.values()].sort((a, b) => a.number - b.number);
  }
