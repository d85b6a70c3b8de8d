"""Writes plotly_py.json: figures as plotly.py writes them, for tests/plotly_py.rs to read and write back.

    pip install plotly==6.0.1 numpy
    python make_plotly_py.py > plotly_py.json

plotly.py 6.0.1 carries plotly.js 3.0.1, the version of PLOTLY_VERSION.
"""

import json

import numpy as np
import plotly.graph_objects as go

n = 6
rng = np.random.default_rng(3)
xyz = rng.normal(size=(3, n)).astype("float32")
names = [f"point {i}" for i in range(n)]
table = np.stack([np.arange(n), rng.integers(0, 9, n)], axis=1)


def scatter(kind):
    """With typed arrays, customdata of mixed rows, a color bar and a template."""
    return go.Figure(
        kind(
            x=xyz[0], y=xyz[1], mode="markers+text", name="a <b>", text=names, textposition="top center",
            textfont=dict(size=11, color="#222"), customdata=[[i, name, None, 0.5] for i, name in enumerate(names)],
            hovertemplate="%{customdata[1]}<extra></extra>", legendgroup="a", showlegend=True, ids=names,
            meta=["anything"], selectedpoints=[0, 2], opacity=0.9, hoverinfo="x+y",
            selected=dict(marker=dict(opacity=1)), unselected=dict(marker=dict(opacity=0.1)),
            marker=dict(
                color=np.arange(n), size=np.arange(n) + 3.5, sizemode="area", sizeref=0.1, sizemin=2, colorscale="Plasma",
                cmin=0, cmid=2, cmax=5, showscale=True, reversescale=True, symbol=["circle", "diamond", "x"] * 2,
                line=dict(color="black", width=1),
                colorbar=dict(title=dict(text="score", side="right"), thickness=10, len=0.5, tickvals=[0, 5],
                              ticktext=["low", "high"], tickmode="array", x=1.02, xanchor="left"),
            ),
        ),
        go.Layout(
            title=dict(text="A map", x=0.5, xanchor="center"), legend=dict(title=dict(text="topic"), orientation="h",
            yanchor="bottom", y=1.02, xanchor="right", x=1, traceorder="normal"), hovermode="closest", dragmode="lasso",
            xaxis=dict(title=dict(text="UMAP 1"), showgrid=False, zeroline=False, range=[-3, 3], tickfont=dict(size=9)),
            yaxis=dict(title=dict(text="UMAP 2"), scaleanchor="x", gridcolor="#eee", type="linear"),
            margin=dict(l=20, r=20, t=40, b=20), width=700, height=500, paper_bgcolor="white", font=dict(family="Arial"),
        ),
    )


def flat():
    """As plotly express writes it: a shared color scale, a table as customdata (base64 with a shape), one symbol."""
    fig = go.Figure(
        go.Scattergl(
            x=xyz[0].astype("float64"), y=np.arange(n), mode="markers", xaxis="x", yaxis="y", name="",
            customdata=table, hovertemplate="v=%{marker.color}<extra></extra>", legendgroup="", showlegend=False,
            marker=dict(color=xyz[2], coloraxis="coloraxis", symbol="circle"),
        )
    )
    fig.update_layout(coloraxis=dict(colorscale="Viridis", colorbar=dict(title=dict(text="v")), cmin=-1, cmax=1),
                      xaxis=dict(anchor="y", domain=[0.0, 1.0]), legend=dict(tracegroupgap=0))
    fig.add_scatter(x=[0, 1], y=[0.5, None], mode="lines", line=dict(width=2, color="red", dash="dot"), connectgaps=False)
    return fig


def space():
    fig = go.Figure(go.Scatter3d(x=xyz[0], y=xyz[1], z=xyz[2], mode="markers", customdata=names, text="all",
                                 marker=dict(size=3, color="#636efa", opacity=0.8, symbol="diamond")))
    fig.update_layout(scene=dict(domain=dict(x=[0, 1], y=[0, 1]), xaxis=dict(title=dict(text="x"), range=[-2, 2]),
                                 aspectmode="data", camera=dict(eye=dict(x=1, y=2, z=0.5))))
    return fig


def contour():
    z = rng.random((3, 4))
    fig = go.Figure(go.Contour(z=z, x=[0, 1, 2, 3], y=[0, 1, 2], contours=dict(start=0.1, end=0.9, size=0.2, coloring="lines",
                                showlabels=True), line=dict(width=1), colorscale="Blues", showscale=False, hoverinfo="skip"))
    fig.add_contour(z=[[1, 2], [3, None]], dx=2, x0=1, ncontours=5, colorbar=dict(title=dict(text="z")), zmin=0, zmax=3)
    return fig


def animation():
    frames = [go.Frame(name=name, data=[go.Scatter(x=xyz[i], y=xyz[i + 1])], traces=[0],
                       layout=dict(title=dict(text=name))) for i, name in enumerate(["PCA", "UMAP"])]
    play = dict(frame=dict(duration=500, redraw=False), mode="immediate", fromcurrent=True,
                transition=dict(duration=500, easing="linear"))
    return go.Figure(
        data=[go.Scatter(x=xyz[0], y=xyz[1], mode="markers")],
        layout=go.Layout(
            updatemenus=[dict(type="buttons", direction="left", showactive=False, x=0.1, xanchor="right", y=0, yanchor="top",
                              pad=dict(r=10, t=70), buttons=[dict(label="&#9654;", method="animate", args=[None, play]),
                              dict(label="&#9724;", method="animate", args=[[None], play])]),
                         dict(buttons=[dict(label="all", method="update", args=[{"visible": [True]}, {"title.text": "all"}]),
                              dict(label="red", method="restyle", args=["marker.color", "red"], args2=["marker.color", "blue"])],
                              active=1, bgcolor="white", bordercolor="black", borderwidth=1)],
            sliders=[dict(active=0, currentvalue=dict(prefix="method="), len=0.9, pad=dict(b=10, t=60), x=0.1, xanchor="left",
                          y=0, yanchor="top", transition=dict(duration=300, easing="cubic-in-out"),
                          steps=[dict(args=[[f.name], play], label=f.name, method="animate") for f in frames])],
        ),
        frames=frames,
    )


figures = {
    "scatter": scatter(go.Scatter),
    "scattergl": scatter(go.Scattergl),
    "as plotly express": flat(),
    "scatter3d": space(),
    "contour": contour(),
    "animation": animation(),
}
out = {}
for name, fig in figures.items():
    # The default template is long; the first figure has all of it, the others have none.
    out[name] = json.loads(fig.to_json())
    if name != "scatter":
        out[name]["layout"].pop("template", None)
print(json.dumps(out, separators=(",", ":")))
