//! The deciding half stays pure, and its modules depend on each other in one direction (DESIGN, "The way of a request").
//!
//! The build without the feature `server` proves that the pure modules use no crate of the shell. What it cannot prove
//! is here: nothing of the standard library that touches the world, and the direction of dependencies.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Every pure module, with the pure modules that it may use. A new module takes its place here.
const PURE: [(&str, &[&str]); 10] = [
    ("model", &[]),
    ("api", &["model"]),
    ("policy", &["api", "model"]),
    ("state", &["model", "policy"]),
    ("placement", &["model", "state"]),
    ("admission", &["api", "model", "policy"]),
    ("explain", &["model", "placement", "policy", "state"]),
    ("extender", &["api", "model", "placement", "policy", "state"]),
    ("status", &["api", "model", "placement", "state"]),
    ("simulate", &["admission", "extender", "model", "placement", "policy", "state"]),
];

/// What touches the world: the clock, files, the network, the environment, other threads and processes.
const WORLD: [&str; 12] = [
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "std::io",
    "std::time",
    "std::sync::Mutex",
    "std::sync::RwLock",
    "Timestamp::now",
    "Zoned::now",
    "RandomState::new",
];

#[test]
fn pure_modules_do_not_touch_the_world() {
    for (module, _) in PURE {
        for file in sources(module) {
            let code = code(&file);
            for forbidden in WORLD {
                assert!(!code.contains(forbidden), "{}: {forbidden} in a pure module", file.display());
            }
        }
    }
}

#[test]
fn pure_modules_use_no_crate_of_the_shell() {
    let shell = shell_crates();
    assert!(shell.contains("tokio") && shell.contains("tracing") && shell.contains("metrics"), "{shell:?}");
    for (module, _) in PURE {
        for file in sources(module) {
            let code = code(&file);
            let used = words(&code).filter(|(_, rest)| rest.starts_with("::")).map(|(word, _)| word);
            let used: BTreeSet<&str> = used.filter(|word| shell.contains(*word)).collect();
            assert!(used.is_empty(), "{}: {used:?}", file.display());
        }
    }
}

#[test]
fn pure_modules_depend_in_one_direction() {
    for (module, allowed) in PURE {
        for file in sources(module) {
            for used in modules_used(&file) {
                let known = used == module || allowed.contains(&used.as_str());
                assert!(known, "{}: `{module}` must not use `{used}`", file.display());
            }
        }
    }
    // The table itself has no cycle: each module may use only what stands before it.
    let order: BTreeMap<&str, usize> = PURE.iter().enumerate().map(|(place, (module, _))| (*module, place)).collect();
    for (module, allowed) in PURE {
        assert!(allowed.iter().all(|used| order[used] < order[module]), "{module}");
    }
}

#[test]
fn every_module_is_either_pure_or_behind_the_feature() {
    let library = code(&root().join("src/lib.rs"));
    let (mut pure, mut behind) = (BTreeSet::new(), false);
    for line in library.lines().map(str::trim) {
        match line.strip_prefix("pub mod ").and_then(|rest| rest.strip_suffix(';')) {
            Some(module) if !behind => {
                pure.insert(module.to_owned());
            }
            _ => {}
        }
        behind = line == r#"#[cfg(feature = "server")]"#;
    }
    assert_eq!(pure, PURE.iter().map(|(module, _)| (*module).to_owned()).collect());
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The files of a module, but for its tests.
fn sources(module: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root().join("src").join(module)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.extend((path.file_name() != Some("tests".as_ref())).then_some(path));
            } else {
                files.push(path);
            }
        }
    }
    assert!(!files.is_empty(), "{module} has files");
    files
}

/// A file without its comments, which may name anything.
fn code(file: &Path) -> String {
    let text = std::fs::read_to_string(file).unwrap();
    text.split_inclusive('\n').filter(|line| !line.trim_start().starts_with("//")).collect()
}

/// Every word of a text, with what follows it.
fn words(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = rest.find(is_part)?;
        let from = rest.get(start..)?;
        let end = from.find(|c| !is_part(c)).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        rest = after;
        Some((word, after))
    })
}

/// The top-level modules that a file names, by `crate::` or by as many `super::` as lead there.
fn modules_used(file: &Path) -> BTreeSet<String> {
    let relative = file.strip_prefix(root().join("src")).unwrap().with_extension("");
    let depth = relative.components().count() - usize::from(relative.ends_with("mod"));
    let text = code(file);
    let mut used = BTreeSet::new();
    for prefix in ["crate::".to_owned(), "super::".repeat(depth)] {
        for (at, _) in text.match_indices(&prefix) {
            // A longer chain of the same word leads out of this crate's tree, and does not compile.
            let rest = text.get(at + prefix.len()..).unwrap();
            match rest.strip_prefix('{') {
                Some(group) => used.extend(heads_of(group)),
                None => used.extend(words(rest).next().map(|(word, _)| word.to_owned())),
            }
        }
    }
    used.retain(|word| word.starts_with(|c: char| c.is_ascii_lowercase()) && word != "super");
    used
}

/// The first word of each member of `a, b::{c, d}}`.
fn heads_of(group: &str) -> Vec<String> {
    let (mut depth, mut member, mut heads) = (0, String::new(), Vec::new());
    for letter in group.chars() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => heads.push(std::mem::take(&mut member)),
            _ => member.push(letter),
        }
    }
    heads.push(member);
    heads.iter().filter_map(|member| words(member).next().map(|(word, _)| word.to_owned())).collect()
}

/// The crates that only the feature `server` brings.
fn shell_crates() -> BTreeSet<String> {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    manifest
        .match_indices("\"dep:")
        .filter_map(|(at, start)| manifest.get(at + start.len()..)?.split('"').next())
        .map(|name| name.replace('-', "_"))
        .collect()
}

#[test]
fn groups_and_chains_are_understood() {
    assert_eq!(heads_of("model::{Pe, Pod}, state, placement::Case}"), ["model", "state", "placement"]);
    let used = modules_used(&root().join("src/placement/constraints/isolation.rs"));
    assert_eq!(used, BTreeSet::from(["model".to_owned()]), "super::super is placement itself there");
}
