//! Where the programs of the control plane are: the folder that `make kube` fills, or `OUTRIGGER_KUBE_BIN`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// The programs that a folder has to hold.
const PROGRAMS: [&str; 6] = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kwok"];

/// A folder that holds every program of the control plane.
#[derive(Debug, Clone)]
pub(crate) struct Binaries {
    folder: PathBuf,
}

impl Binaries {
    /// Finds the programs. The build script alone knows the folder's name, which is made of the pinned versions.
    ///
    /// # Errors
    ///
    /// Says to run `make kube` when a program is missing.
    pub(crate) fn locate() -> Result<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster/build.sh");
        let output = Command::new(&script)
            .arg("--print")
            .output()
            .with_context(|| format!("cannot run `{}`", script.display()))?;
        ensure!(output.status.success(), "`{} --print` failed: {}", script.display(), text(&output.stderr));
        Self::in_folder(Path::new(&text(&output.stdout)))
    }

    /// The programs of one folder.
    ///
    /// # Errors
    ///
    /// Says to run `make kube` when a program is missing.
    pub(crate) fn in_folder(folder: &Path) -> Result<Self> {
        let binaries = Self { folder: folder.to_owned() };
        let missing: Vec<&str> = PROGRAMS.into_iter().filter(|program| !binaries.path(program).is_file()).collect();
        ensure!(
            missing.is_empty(),
            "the control plane is not built: `{}` lacks {}; run `make kube` first (or set OUTRIGGER_KUBE_BIN)",
            folder.display(),
            missing.join(", "),
        );
        Ok(binaries)
    }

    /// The path of one program.
    pub(crate) fn path(&self, program: &str) -> PathBuf {
        self.folder.join(program)
    }

    /// KWOK's own description of what happens to nodes and pods, a file for each stage.
    ///
    /// # Errors
    ///
    /// Says to run `make kube` when there is none: KWOK would exit at once.
    pub(crate) fn stages(&self) -> Result<Vec<PathBuf>> {
        let folder = self.folder.join("stage");
        let files = fs::read_dir(&folder).with_context(|| {
            format!(
                "KWOK's stages are not in `{}`; run `make kube` first (or set OUTRIGGER_KUBE_BIN)",
                folder.display()
            )
        })?;
        let mut stages = files.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
        stages.sort();
        Ok(stages)
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}
