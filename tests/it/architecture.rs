//! The order of the source: no circle between files, no import from a lower floor to a higher one, a pure deciding half.
//!
//! The build without the feature `server` proves that the pure modules use no crate of the shell. What that build cannot
//! prove is here: nothing of the standard library that touches the world, and the direction of imports.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The pure modules, from the ground up: each imports only modules that stand before it. A new module takes its place
/// here.
const PURE: [&str; 11] = [
    "model",
    "forecast",
    "api",
    "policy",
    "state",
    "placement",
    "admission",
    "extender",
    "explain",
    "status",
    "simulate",
];

/// The modules of the shell, above all pure ones, in the same order.
const SHELL: [&str; 11] =
    ["telemetry", "tls", "store", "watch", "files", "demand", "commit", "control", "http", "cli", "main"];

/// The files and folders of `placement`, in the same order: facts, filter plugins, their evaluation, what looks beyond one
/// PE, scores, the decision, and what is built on decisions.
const PLACEMENT: [&str; 21] = [
    "pool",
    "node_requirements",
    "volume_topology",
    "colocation",
    "allocation",
    "bucket_members",
    "work_budget",
    "exlocated",
    "invalid_spec",
    "reserved_room",
    "pre_filter",
    "filter",
    "plugin_set",
    "evaluate",
    "bucket",
    "lookahead",
    "gang",
    "score",
    "decide",
    "planner",
    "requeue",
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
    let sources = Sources::read();
    for (module, code) in sources.code_of(&PURE) {
        for forbidden in WORLD {
            assert!(!code.contains(forbidden), "{module}: {forbidden} in a pure module");
        }
    }
}

#[test]
fn pure_modules_use_no_crate_of_the_shell() {
    let shell = shell_crates();
    assert!(shell.contains("tokio") && shell.contains("tracing") && shell.contains("metrics"), "{shell:?}");
    let sources = Sources::read();
    for (module, code) in sources.code_of(&PURE) {
        let used = words(code).filter(|(_, rest)| rest.starts_with("::")).map(|(word, _)| word);
        let used: BTreeSet<&str> = used.filter(|word| shell.contains(*word)).collect();
        assert!(used.is_empty(), "{module}: {used:?}");
    }
}

#[test]
fn every_module_has_a_floor_and_the_shell_is_behind_the_feature() {
    let library = Sources::read().code["crate"].clone();
    let (mut pure, mut shell, mut behind) = (BTreeSet::new(), BTreeSet::new(), false);
    for line in library.lines().map(str::trim) {
        if let Some(module) = line.strip_prefix("pub mod ").and_then(|rest| rest.strip_suffix(';')) {
            if behind { &mut shell } else { &mut pure }.insert(module);
        }
        behind = line.starts_with("#[cfg(feature = ");
    }
    assert_eq!(pure, BTreeSet::from(PURE));
    assert_eq!(shell, SHELL.into_iter().filter(|module| *module != "main").collect());
}

#[test]
fn no_module_imports_from_a_higher_floor() {
    let floors: BTreeMap<&str, usize> =
        PURE.iter().chain(&SHELL).enumerate().map(|(floor, name)| (*name, floor)).collect();
    assert_order(&Sources::read(), "crate", &floors);
}

#[test]
fn no_file_of_placement_imports_from_a_higher_floor() {
    let floors: BTreeMap<&str, usize> = PLACEMENT.iter().enumerate().map(|(floor, name)| (*name, floor)).collect();
    assert_order(&Sources::read(), "crate::placement", &floors);
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let sources = Sources::read();
    let imports = sources.imports();
    assert!(imports.len() > 200, "imports were found");
    let circle = circle(&imports);
    assert!(circle.is_empty(), "each of these files imports the next: {circle:#?}");
}

/// Every import between children of a module leads to a lower floor.
fn assert_order(sources: &Sources, parent: &str, floors: &BTreeMap<&str, usize>) {
    let child = |module: &str| {
        let rest = module.strip_prefix(parent)?.strip_prefix("::")?;
        rest.split("::").next().map(str::to_owned)
    };
    let mut seen = BTreeSet::new();
    for (from, targets) in sources.imports() {
        let Some(own) = child(&from) else { continue };
        assert!(floors.contains_key(own.as_str()), "`{own}` has no floor in {parent}");
        let floor = floors[own.as_str()];
        for target in targets {
            let Some(used) = child(&target).filter(|used| *used != own) else { continue };
            assert!(floors.contains_key(used.as_str()), "`{used}` has no floor in {parent}");
            assert!(floors[used.as_str()] < floor, "{from} imports {target}, which stands on a higher floor");
            seen.insert(own.clone());
        }
    }
    assert!(seen.len() > floors.len() / 2, "imports were found: {seen:?}");
}

/// The files of the crate by module path, without their comments and tests.
struct Sources {
    code: BTreeMap<String, String>,
}

impl Sources {
    fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut code = BTreeMap::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                let is_test = ["tests", "tests.rs", "testing.rs"].iter().any(|name| path.ends_with(name));
                if path.is_dir() {
                    folders.extend((!is_test).then_some(path));
                } else if path.extension().is_some_and(|extension| extension == "rs") && !is_test {
                    code.insert(module(&root, &path), uncommented(&std::fs::read_to_string(&path).unwrap()));
                }
            }
        }
        Self { code }
    }

    /// The code of modules and of all modules within them.
    fn code_of(&self, modules: &'static [&str]) -> impl Iterator<Item = (&str, &str)> {
        let is_within = move |path: &str| {
            let top = path.strip_prefix("crate::").and_then(|path| path.split("::").next());
            top.is_some_and(|top| modules.contains(&top))
        };
        self.code.iter().map(|(path, code)| (path.as_str(), code.as_str())).filter(move |(path, _)| is_within(path))
    }

    /// For each module the modules whose items it imports. A re-export counts as an import of those who use it.
    fn imports(&self) -> BTreeMap<String, BTreeSet<String>> {
        let of_module = |(module, code): (&String, &String)| {
            let used = paths(code).into_iter().filter(|path| !path.is_reexport);
            let used = used.filter_map(|path| self.resolve(module, &path.segments, 0));
            (module.clone(), used.filter(|used| used != module).collect())
        };
        self.code.iter().map(of_module).collect()
    }

    /// The module in which the item of a path is defined; `None` for items of other crates.
    fn resolve(&self, from: &str, segments: &[String], depth: usize) -> Option<String> {
        let mut module = match segments.first()?.as_str() {
            "crate" => "crate".to_owned(),
            "self" | "super" => from.to_owned(),
            first => {
                let child = format!("{from}::{first}");
                self.code.contains_key(&child).then_some(from.to_owned())?
            }
        };
        for (at, segment) in segments.iter().enumerate() {
            match segment.as_str() {
                "crate" | "self" => {}
                "super" => module.truncate(module.rfind("::")?),
                name => {
                    let child = format!("{module}::{name}");
                    if self.code.contains_key(&child) {
                        module = child;
                        continue;
                    }
                    let reexports = paths(&self.code[&module]).into_iter().filter(|path| path.is_reexport);
                    let found =
                        reexports.into_iter().find(|path| path.segments.last().is_some_and(|last| last == name));
                    return match found.filter(|_| depth < 8) {
                        Some(path) => {
                            let rest = segments.get(at + 1..).unwrap_or_default();
                            let path: Vec<String> = path.segments.iter().chain(rest).cloned().collect();
                            self.resolve(&module, &path, depth + 1)
                        }
                        None => Some(module),
                    };
                }
            }
        }
        Some(module)
    }
}

fn module(root: &Path, file: &Path) -> String {
    let relative: PathBuf = file.strip_prefix(root).unwrap().with_extension("");
    let mut names: Vec<String> = relative.iter().map(|name| name.to_str().unwrap().to_owned()).collect();
    if names.last().is_some_and(|last| ["mod", "lib"].contains(&last.as_str())) {
        names.pop();
    }
    names.insert(0, "crate".to_owned());
    names.join("::")
}

/// Code without line comments, which may name anything, and without modules of tests.
fn uncommented(text: &str) -> String {
    text.split_inclusive('\n').filter(|line| !line.trim_start().starts_with("//")).collect()
}

/// A path of a `use` declaration or within code.
#[derive(Debug)]
struct UsedPath {
    segments: Vec<String>,
    is_reexport: bool,
}

/// Every path in code that begins with `crate`, `self` or `super`, and every path of a `use` declaration.
fn paths(code: &str) -> Vec<UsedPath> {
    let mut paths = Vec::new();
    let mut rest = code;
    while let Some((at, word)) = words(rest)
        .map(|(word, after)| (rest.len() - after.len() - word.len(), word))
        .find(|(_, word)| ["use", "crate", "self", "super"].contains(word))
    {
        let before = rest.get(..at).unwrap();
        let is_reexport = before.trim_end().ends_with("pub") || before.trim_end().ends_with(')') && word == "use";
        let from = if word == "use" { at + word.len() } else { at };
        rest = rest.get(from..).unwrap();
        if word == "use" {
            let end = rest.find(';').unwrap_or(rest.len());
            expand(rest.get(..end).unwrap(), &[], is_reexport, &mut paths);
            rest = rest.get(end..).unwrap();
        } else {
            let end = rest
                .find(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == ':'))
                .unwrap_or(rest.len());
            let path = rest.get(..end).unwrap();
            if path.contains("::") {
                expand(path, &[], false, &mut paths);
            }
            rest = rest.get(end..).unwrap();
        }
    }
    paths
}

/// Expands `a::{b, c::{d, e}}` into its paths.
fn expand(tree: &str, prefix: &[String], is_reexport: bool, paths: &mut Vec<UsedPath>) {
    let tree = tree.trim();
    let (path, group) = match tree.find('{') {
        Some(at) => (tree.get(..at).unwrap(), tree.get(at + 1..).and_then(|rest| rest.strip_suffix('}'))),
        None => (tree.split(" as ").next().unwrap(), None),
    };
    let own = path.split("::").map(str::trim).filter(|segment| !segment.is_empty()).map(str::to_owned);
    let segments: Vec<String> = prefix.iter().cloned().chain(own).collect();
    let Some(group) = group else {
        paths.extend((!segments.is_empty()).then_some(UsedPath { segments, is_reexport }));
        return;
    };
    let (mut depth, mut member) = (0, String::new());
    for letter in group.chars().chain([',']) {
        match letter {
            ',' if depth == 0 => expand(&std::mem::take(&mut member), &segments, is_reexport, paths),
            _ => {
                depth += match letter {
                    '{' => 1,
                    '}' => -1,
                    _ => 0,
                };
                member.push(letter);
            }
        }
    }
}

/// Every word of a text, with what follows it.
fn words(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = rest.find(is_part)?;
        let from = rest.get(start..)?;
        let end = from.find(|letter| !is_part(letter)).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        rest = after;
        Some((word, after))
    })
}

/// Modules of which each imports the next, and the last one the first; empty where there is no circle.
fn circle(imports: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    fn visit<'a>(
        module: &'a str,
        imports: &'a BTreeMap<String, BTreeSet<String>>,
        done: &mut BTreeSet<&'a str>,
        way: &mut Vec<&'a str>,
    ) -> bool {
        if way.contains(&module) {
            way.push(module);
            return true;
        }
        if !done.insert(module) {
            return false;
        }
        way.push(module);
        if imports.get(module).into_iter().flatten().any(|next| visit(next, imports, done, way)) {
            return true;
        }
        way.pop();
        false
    }
    let mut done = BTreeSet::new();
    for module in imports.keys() {
        let mut way = Vec::new();
        if visit(module, imports, &mut done, &mut way) {
            let first = way.iter().position(|name| Some(name) == way.last()).unwrap();
            return way.split_off(first).into_iter().map(str::to_owned).collect();
        }
    }
    Vec::new()
}

/// The crates that only the feature `server` brings.
fn shell_crates() -> BTreeSet<String> {
    let manifest = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    manifest
        .match_indices("\"dep:")
        .filter_map(|(at, start)| manifest.get(at + start.len()..)?.split('"').next())
        .map(|name| name.replace('-', "_"))
        .collect()
}

#[test]
fn paths_groups_and_reexports_are_understood() {
    let code = "use super::{a::B, c};\npub use d::E as F;\nlet x = crate::g::h(self.i, super::super::j::K);";
    let found: Vec<(String, bool)> =
        paths(code).into_iter().map(|path| (path.segments.join("::"), path.is_reexport)).collect();
    let expected = ["super::a::B", "super::c", "d::E", "crate::g::h", "super::super::j::K"];
    assert_eq!(found.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), expected);
    assert_eq!(found.iter().map(|(_, is)| *is).collect::<Vec<_>>(), [false, false, true, false, false]);

    let modules = [
        ("crate", "pub mod top;"),
        ("crate::top", "mod inner;\npub use inner::Item;"),
        ("crate::top::inner", "use super::Item;\nuse crate::other::x;"),
        ("crate::other", "use crate::top::Item;"),
    ];
    let code = modules.into_iter().map(|(path, code)| (path.to_owned(), code.to_owned())).collect();
    let imports = Sources { code }.imports();
    assert_eq!(imports["crate::other"], BTreeSet::from(["crate::top::inner".to_owned()]), "by way of the re-export");
    assert_eq!(imports["crate::top::inner"], BTreeSet::from(["crate::other".to_owned()]), "its own item is no import");
    assert_eq!(circle(&imports).len(), 3, "there and back again: {:?}", circle(&imports));
}
