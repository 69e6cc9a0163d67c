//! Every reference in code, tests, pages and manifests leads to something in the repository: `D17` and `law 2` to
//! `docs/design.md`, `R5`, `C4`, `F13`, `T6` and `B12` to `docs/cases.md`, a page and a section of it to that page.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What a line refers to.
#[derive(Debug, PartialEq, Eq)]
enum Reference<'l> {
    /// A numbered law, decision, rule or case.
    Number(String),
    /// A page, by the name of its file.
    Page(&'l str),
    /// A page and the heading of a section.
    Section(&'l str, &'l str),
    /// A document that was never part of the repository.
    Outside(&'l str),
}

#[test]
fn every_reference_leads_to_something_in_the_repository() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<PathBuf> =
        ["README.md", "CHANGELOG.md", "Makefile", "Cargo.toml", ".cargo/deny.toml"].map(|name| root.join(name)).into();
    for folder in ["src", "tests", "docs", "policies", "deploy", "certs"] {
        find_texts(&root.join(folder), &mut files);
    }
    let texts: Vec<(&Path, String)> =
        files.iter().map(|file| (&**file, std::fs::read_to_string(file).unwrap())).collect();
    let pages: BTreeMap<&str, BTreeSet<&str>> =
        texts.iter().filter_map(|(file, text)| Some((page(file.to_str()?)?, headings(text).collect()))).collect();
    let cases = std::fs::read_to_string(root.join("docs/cases.md")).unwrap();
    let decisions = pages["design.md"].iter().filter_map(|heading| Some(heading.split_once(':')?.0));
    let numbered = cases.lines().filter_map(|line| line.strip_prefix("| ")?.split(' ').next());
    let numbers: BTreeSet<&str> = decisions.chain(numbered.filter(|cell| is_number(cell))).collect();

    let leads_somewhere = |reference: &Reference<'_>| match reference {
        Reference::Number(number) => numbers.contains(&**number),
        Reference::Page(page) => pages.contains_key(page),
        Reference::Section(page, section) => pages.get(page).is_some_and(|headings| headings.contains(section)),
        Reference::Outside(_) => false,
    };
    let mut lost = Vec::new();
    for (file, text) in &texts {
        for (number, line) in text.lines().enumerate() {
            let found = references(line).into_iter().filter(|reference| !leads_somewhere(reference));
            lost.extend(found.map(|reference| format!("{}:{}: {reference:?}", file.display(), number + 1)));
        }
    }
    assert!(lost.is_empty(), "these lead nowhere:\n{}", lost.join("\n"));
    assert!(numbers.len() > 100 && files.len() > 200, "{} numbers, {} files", numbers.len(), files.len());
}

#[test]
fn references_are_told_from_other_words() {
    let number = |text: &str| Reference::Number(text.to_owned());
    assert_eq!(references("(D17, law 2; legacy rule C4)"), [number("D17"), number("C4"), number("Law 2")]);
    assert_eq!(references("/pods/%00/%F0%9F t6_a_bucket 2026-11-24T12:00 redesigned by law"), []);
    assert_eq!(
        references("`docs/placement.md`, \"Scoring\" and [cases](cases.md#rules)"),
        [Reference::Page("placement.md"), Reference::Section("placement.md", "Scoring"), Reference::Page("cases.md")]
    );
    let outside = "design".to_uppercase();
    assert_eq!(references(&format!("({outside}, 5)")), [Reference::Outside(&outside)]);
}

fn references(line: &str) -> Vec<Reference<'_>> {
    let words: Vec<&str> = line.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '%'))).collect();
    let mut found: Vec<Reference<'_>> = Vec::new();
    found.extend(words.iter().filter(|word| is_number(word)).map(|word| Reference::Number((*word).to_owned())));
    let laws = words.windows(2).filter(|pair| pair[0].eq_ignore_ascii_case("law") && pair[1].parse::<u8>().is_ok());
    found.extend(laws.map(|pair| Reference::Number(format!("Law {}", pair[1]))));
    let is_outside = |word: &&&str| **word == "design".to_uppercase();
    found.extend(words.iter().filter(is_outside).map(|word| Reference::Outside(word)));
    for (at, end) in line.match_indices(".md") {
        let (name, rest) = line.split_at(at + end.len());
        let Some(name) = page(name).filter(|_| !rest.starts_with(char::is_alphanumeric)) else { continue };
        found.push(Reference::Page(name));
        let quoted = rest.trim_start_matches('`').strip_prefix(", \"").and_then(|rest| rest.split_once('"'));
        found.extend(quoted.map(|(section, _)| Reference::Section(name, section)));
    }
    found
}

/// The name of the page that a text ends with.
fn page(text: &str) -> Option<&str> {
    let name = text.rsplit(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))).next()?;
    name.strip_suffix(".md").filter(|stem| !stem.is_empty()).map(|_| name)
}

/// True for a letter of a numbered list and its number.
fn is_number(word: &str) -> bool {
    let number = word.strip_prefix(['D', 'R', 'C', 'F', 'T', 'B']).unwrap_or_default();
    (1..=2).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// The headings of a page, without their marks.
fn headings(page: &str) -> impl Iterator<Item = &str> {
    page.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim_start())
}

/// The files of a folder that hold text written by people.
fn find_texts(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            find_texts(&path, found);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "rs" || extension == "md" || extension == "yaml")
        {
            found.push(path);
        }
    }
}
