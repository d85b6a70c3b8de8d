//! The command line: what there is, what goes together, and what of it the report tells.

use clap::{Args, Parser, ValueEnum};
use planisphere::knn::{self, Metric};
use planisphere::viz_spec::{Palette, Theme};
use planisphere_examples::encode::EncodeFlags;
use planisphere_examples::{Common, Failure, Given, report::RunReport};
use std::path::{Path, PathBuf};

/// Makes a map of texts or vectors: embed, find neighbors, project, draw
#[derive(Parser, Debug)]
#[command(name = "map", version)]
pub(crate) struct Cli {
    /// A table (.csv .tsv .jsonl) with a text column or columns embedding_1 … embedding_d, or vectors (.npy)
    pub(crate) input: PathBuf,
    /// Column with the texts to embed; without it, vectors are used if there are any
    #[arg(long, value_name = "COL")]
    pub(crate) text: Option<String>,
    /// Column with the ids [default: id if there is one, else row numbers]
    #[arg(long, value_name = "COL")]
    pub(crate) id: Option<String>,
    /// Column with the labels that color the map [default: that of --supervise, or label if there is one]
    #[arg(long, value_name = "COL")]
    pub(crate) label: Option<String>,
    /// For texts: `builtin`, a sentence-transformers folder, or a static model file
    #[arg(long, value_name = "NAME|DIR", default_value = "builtin")]
    pub(crate) model: String,
    /// How to project; repeatable, for several maps side by side, in which what is selected in one is so in all
    #[arg(long, value_enum, default_value = "umap")]
    pub(crate) method: Vec<Method>,
    /// Dimensions of the map
    #[arg(long, value_name = "2|3", default_value_t = 2, value_parser = clap::value_parser!(u8).range(2..=3))]
    pub(crate) n_components: u8,
    #[arg(long, help = format!("{} [default: cosine for texts, euclidean for vectors]", Metric::NAMES.join(", ")))]
    pub(crate) metric: Option<Metric>,
    /// How UMAP and t-SNE search neighbors: auto, exact, approx, or approx:RECALL [default: auto for UMAP, approx:0.85 for
    /// t-SNE]
    #[arg(long, value_name = "METHOD")]
    pub(crate) knn: Option<knn::Method>,
    /// Where the points of UMAP and t-SNE start [default: spectral for UMAP, pca for t-SNE]
    #[arg(long, value_enum)]
    pub(crate) init: Option<Start>,
    /// Gives UMAP and t-SNE the first N principal components instead of all dimensions, if there are more. They are measured
    /// from the mean, which distances like cosine are then relative to
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) pca: Option<u32>,
    /// Score the maps: trustworthiness, continuity, neighbors kept, label accuracy (in the report, and on stderr)
    #[arg(long)]
    pub(crate) quality: bool,
    /// Where to write the map, repeatable; the ending says what: .html (page), .json (Plotly figure), .png (picture), .csv,
    /// .npy. Pages, figures and pictures show the maps of all methods; with several, .csv and .npy get the method's name in
    /// front of the ending
    #[arg(long, value_name = "FILE", required_unless_present = "save_model")]
    pub(crate) out: Vec<PathBuf>,
    /// Colors of the labels: dashboard, or for everybody okabe-ito (8), safe10, safe20, distinct64 [default: dashboard]
    #[arg(long, value_name = "NAME")]
    pub(crate) palette: Option<Palette>,
    /// Background and texts of figures and pictures: light or dark [default: the viewer's; pages follow it anyway]
    #[arg(long, value_name = "light|dark")]
    pub(crate) theme: Option<Theme>,
    /// Keep the fitted model, with the vectors that UMAP and t-SNE need, for `place` to put further rows on the map. With
    /// several methods there are as many files, with the method's name in front of the ending
    #[arg(long, value_name = "FILE", conflicts_with = "pca")]
    pub(crate) save_model: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) encode: EncodeFlags,
    #[command(flatten)]
    pub(crate) umap: UmapFlags,
    #[command(flatten)]
    pub(crate) tsne: TsneFlags,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// umap-learn's parameters, with its defaults. What they may be is checked by the library.
#[derive(Args, Debug)]
#[command(next_help_heading = "UMAP")]
pub(crate) struct UmapFlags {
    /// Neighbors of each row, the row itself counted: more shows more of the whole, fewer more detail
    #[arg(long, value_name = "N", default_value_t = 15)]
    pub(crate) n_neighbors: usize,
    /// Column with classes that the map shall follow: rows of one are drawn together; empty cells are unlabeled rows
    #[arg(long, visible_alias = "target", value_name = "COL")]
    pub(crate) supervise: Option<String>,
    /// How much the classes count against the data, from 0 to 1
    #[arg(long, value_name = "X", default_value_t = 0.5, requires = "supervise")]
    pub(crate) target_weight: f64,
    /// How close points may lie, from 0 (tight groups) to --spread
    #[arg(long, value_name = "X", default_value_t = 0.1)]
    pub(crate) min_dist: f64,
    /// Scale of the map: the distance over which closeness fades
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    pub(crate) spread: f64,
    /// Passes of the layout [default: 500 up to 10,000 rows, 200 above]
    #[arg(long, value_name = "N")]
    pub(crate) n_epochs: Option<u32>,
    /// Step size at the start; it falls to 0
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    pub(crate) learning_rate: f32,
    /// Random rows that each sampled edge pushes away
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) negative_sample_rate: u32,
    /// Weight of repulsion against attraction
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    pub(crate) repulsion_strength: f32,
    /// Neighbors, possibly a fraction, that count as fully connected to each row
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    pub(crate) local_connectivity: f64,
    /// From 1, where either end of an edge keeps it, to 0, where it takes both
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    pub(crate) set_op_mix_ratio: f32,
}

/// openTSNE's parameters, with its defaults. What they may be is checked by the library.
#[derive(Args, Debug)]
#[command(next_help_heading = "t-SNE")]
pub(crate) struct TsneFlags {
    /// Effective number of neighbors: larger shows more of the whole, smaller more detail. At most a third of the other rows
    #[arg(long, value_name = "X", default_value_t = 30.0)]
    pub(crate) perplexity: f64,
    /// Factor of all attraction in the first iterations, in which groups form [default: 12, or --exaggeration if larger]
    #[arg(long, value_name = "X")]
    pub(crate) early_exaggeration: Option<f32>,
    /// Iterations with it
    #[arg(long, value_name = "N", default_value_t = 250)]
    pub(crate) early_exaggeration_iter: u32,
    /// Factor of all attraction in the iterations after them: above 1, groups are tighter and farther apart
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    pub(crate) exaggeration: f32,
    /// Iterations after the early ones
    #[arg(long, value_name = "N", default_value_t = 500)]
    pub(crate) n_iter: u32,
    /// Step size of t-SNE (openTSNE's learning_rate) [default: rows divided by the exaggeration]
    #[arg(long, value_name = "X")]
    pub(crate) tsne_learning_rate: Option<f32>,
    /// Degrees of freedom of the kernel: below 1, groups fall apart into finer ones
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    pub(crate) dof: f32,
    /// How repulsion is computed: of all pairs, by groups of far points (maps of 2 and 3 dimensions), by interpolation and
    /// Fourier transforms (2 dimensions), or by what is fastest
    #[arg(long, value_enum, default_value_t = Repel::Auto)]
    pub(crate) repulsion: Repel,
    /// For barnes-hut: how large a group may be against its distance; 0 is exact, 1 coarse
    #[arg(long, value_name = "X", default_value_t = 0.5)]
    pub(crate) theta: f32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Method {
    Umap,
    Tsne,
    Pca,
}

impl Method {
    /// On the command line, in reports and in the names of files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Umap => "umap",
            Self::Tsne => "tsne",
            Self::Pca => "pca",
        }
    }

    /// Over a map.
    pub(crate) fn heading(self) -> &'static str {
        match self {
            Self::Umap => "UMAP",
            Self::Tsne => "t-SNE",
            Self::Pca => "PCA",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Start {
    Spectral,
    Pca,
    Random,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Repel {
    Auto,
    Exact,
    BarnesHut,
    Fft,
}

impl Cli {
    /// The methods asked for, each once.
    pub(crate) fn methods(&self) -> Vec<Method> {
        let mut methods = Vec::new();
        for &method in &self.method {
            if !methods.contains(&method) {
                methods.push(method);
            }
        }
        methods
    }

    /// Bad file names and flags that would be passed over in silence are told before the work, not after it.
    pub(crate) fn check(&self, given: &Given) -> Result<(), Failure> {
        for out in &self.out {
            if !["html", "json", "png", "csv", "npy"].contains(&ending(out)) {
                let line = format!("--out {}: must end in .html, .json, .png, .csv or .npy", out.display());
                return Err(Failure::Usage(line));
            }
        }
        let refuse = |flag: Option<String>, whose| match flag {
            Some(flag) => Err(Failure::Usage(format!("{flag} is for {whose}"))),
            None => Ok(()),
        };
        let (umap, tsne) = (self.method.contains(&Method::Umap), self.method.contains(&Method::Tsne));
        if !umap {
            refuse(given.first_of::<UmapFlags>(), "--method umap")?;
        }
        if !tsne {
            refuse(given.first_of::<TsneFlags>(), "--method tsne")?;
        }
        if !umap && !tsne {
            refuse(given.first_among(&["knn", "init", "pca"]), "--method umap and --method tsne")?;
            if !self.quality {
                refuse(given.first_among(&["metric"]), "--method umap, --method tsne and --quality")?;
            }
        }
        if self.tsne.repulsion != Repel::BarnesHut {
            refuse(given.first_among(&["theta"]), "--repulsion barnes-hut")?;
        }
        let written = self.written();
        self.common
            .check_outputs([self.input.as_path()], written.iter().chain(&self.encode.cache).map(PathBuf::as_path))
    }

    /// All files that are written, but the report.
    fn written(&self) -> Vec<PathBuf> {
        let several = |out: &Path| self.methods().into_iter().map(|m| self.of_method(out, m)).collect();
        let of = |out: &PathBuf| match ending(out) {
            "html" | "json" | "png" => vec![out.clone()],
            _ => several(out),
        };
        self.out.iter().map(of).chain(self.save_model.iter().map(|out| several(out))).flatten().collect()
    }

    /// The file of one method: with several, `map.npy` becomes `map.umap.npy`.
    pub(crate) fn of_method(&self, out: &Path, method: Method) -> PathBuf {
        match out.extension().and_then(|e| e.to_str()) {
            _ if self.methods().len() == 1 => out.to_owned(),
            Some(ending) => out.with_extension(format!("{}.{ending}", method.name())),
            None => out.with_extension(method.name()),
        }
    }

    /// Notes the parameters of what was asked for.
    pub(crate) fn note(&self, metric: &Metric, embedded: bool, report: &mut RunReport) {
        let methods = self.methods();
        report.parameter("method", methods.iter().map(|m| m.name()).collect::<Vec<_>>());
        report.parameter("n_components", self.n_components);
        report.parameter("metric", metric.to_string());
        if embedded {
            self.encode.note(&self.model, report);
        }
        let (umap, tsne) = (methods.contains(&Method::Umap), methods.contains(&Method::Tsne));
        if umap || tsne {
            report.parameter("knn", self.knn.map(|m| m.to_string()));
            report.parameter("pca", self.pca);
        }
        if umap {
            self.note_umap(report);
        }
        if tsne {
            self.note_tsne(report);
        }
    }

    fn note_umap(&self, report: &mut RunReport) {
        let flags = &self.umap;
        report.parameter("n_neighbors", flags.n_neighbors);
        report.parameter("min_dist", flags.min_dist);
        report.parameter("spread", flags.spread);
        report.parameter("n_epochs", flags.n_epochs);
        report.parameter("init", value_name(self.init.unwrap_or(Start::Spectral)));
        report.parameter("learning_rate", flags.learning_rate);
        report.parameter("negative_sample_rate", flags.negative_sample_rate);
        report.parameter("repulsion_strength", flags.repulsion_strength);
        report.parameter("local_connectivity", flags.local_connectivity);
        report.parameter("set_op_mix_ratio", flags.set_op_mix_ratio);
        if let Some(column) = &flags.supervise {
            report.parameter("supervise", column);
            report.parameter("target_weight", flags.target_weight);
        }
    }

    fn note_tsne(&self, report: &mut RunReport) {
        let flags = &self.tsne;
        report.parameter("perplexity", flags.perplexity);
        report.parameter("early_exaggeration", flags.early_exaggeration);
        report.parameter("early_exaggeration_iter", flags.early_exaggeration_iter);
        report.parameter("exaggeration", flags.exaggeration);
        report.parameter("n_iter", flags.n_iter);
        report.parameter("tsne_learning_rate", flags.tsne_learning_rate);
        report.parameter("dof", flags.dof);
        report.parameter("repulsion", value_name(flags.repulsion));
        if flags.repulsion == Repel::BarnesHut {
            report.parameter("theta", flags.theta);
        }
        report.parameter("tsne_init", value_name(self.init.unwrap_or(Start::Pca)));
    }
}

/// What a choice is called on the command line.
fn value_name(choice: impl ValueEnum) -> Option<String> {
    choice.to_possible_value().map(|v| v.get_name().to_owned())
}

/// What a file's name ends in, without the dot.
pub(crate) fn ending(path: &Path) -> &str {
    path.extension().and_then(|e| e.to_str()).unwrap_or_default()
}
