//! The command line as users meet it: help with an example, exit codes, and errors that say what was wrong.
//!
//! After a wanted change of a help text: `INSTA_UPDATE=always cargo test --test it help`, and read the difference.

use std::path::Path;

use assert_cmd::Command;

fn outrigger(arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("outrigger").unwrap();
    // A setting of whoever runs the tests is none of ours.
    command.env_remove("RUST_LOG").env("KUBECONFIG", "/nowhere").args(arguments);
    command
}

/// Exit code, standard output and standard error.
fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = outrigger(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// The names under `Commands:`, but for `help` itself.
fn subcommands() -> Vec<String> {
    let (_, help, _) = run(&["--help"]);
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = listed.filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn help_of_every_command_has_an_example_and_fits_a_terminal() {
    let commands = subcommands();
    assert!(commands.len() >= 3, "{commands:?}");
    for command in std::iter::once(None).chain(commands.iter().map(Some)) {
        let arguments: Vec<&str> = command.map(String::as_str).into_iter().chain(["--help"]).collect();
        let (code, help, error) = run(&arguments);
        assert_eq!((code, error.as_str()), (0, ""), "{arguments:?}");
        let call = command.map_or_else(|| "\n  outrigger ".to_owned(), |command| format!("\n  outrigger {command}"));
        assert!(help.contains("Example") && help.contains(&call), "{arguments:?} shows how it is called:\n{help}");
        let longest = help.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(longest <= 120, "{arguments:?}: a line of {longest} characters");
        let name = command.map_or("help", String::as_str);
        insta::assert_snapshot!(format!("help_{name}"), help);
    }
}

#[test]
fn the_version_is_that_of_the_package() {
    assert_eq!(run(&["--version"]), (0, format!("outrigger {}\n", env!("CARGO_PKG_VERSION")), String::new()));
}

#[test]
fn what_cannot_be_understood_ends_with_2_and_says_why() {
    for (arguments, said) in [
        (&[][..], "Usage: outrigger"),
        (&["sail"], "unrecognized subcommand 'sail'"),
        (&["serve"], "--role"),
        (&["serve", "--role", "captain"], "[possible values: extender, admission, controller]"),
        (&["serve", "--role", "controller"], "use --role extender,controller"),
        (&["serve", "--role", "extender", "--workers", "0"], "0 is not in 1..=64"),
        (&["serve", "--role", "extender", "--metrics-listen", "somewhere"], "--metrics-listen"),
        (&["serve", "--role", "extender", "--extender-tls-cert", "a"], "--extender-tls-key"),
        (&["serve", "--role", "admission"], "--role admission needs --tls-cert and --tls-key"),
        (&["serve", "--role", "admission", "--tls-cert", "/nowhere.crt", "--tls-key", "k"], "/nowhere.crt"),
        (&["serve", "--role", "extender", "--kubeconfig", "/nowhere/config"], "kubeconfig /nowhere/config"),
        (&["serve", "--role", "extender", "--policies", "/nowhere"], "/nowhere"),
        (&["serve", "--role", "extender"], "give --kubeconfig FILE"),
        (&["certs", "--out", "x"], "name at least one"),
        (&["certs", "--out", "x", "--name", "exa mple\u{e4}"], "exa mple"),
        (&["certs", "--out", "x", "--service", "s"], "--namespace"),
    ] {
        let (code, out, error) = run(arguments);
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}: {error}");
        assert!(error.contains(said), "{arguments:?}: {error}");
        assert!(!error.contains("panicked"), "{arguments:?}: {error}");
    }
    assert!(!Path::new("x").exists(), "nothing is written before the input is known to be good");
}

#[test]
fn what_fails_while_running_ends_with_1() {
    let (code, _, error) = run(&["certs", "--name", "localhost", "--out", "/proc/outrigger"]);
    assert_eq!(code, 1, "{error}");
    assert!(error.contains("/proc/outrigger"), "{error}");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let program = assert_cmd::cargo::cargo_bin("outrigger");
    let script = format!("set -o pipefail; '{}' crds | true; exit ${{PIPESTATUS[0]}}", program.display());
    for _ in 0..20 {
        Command::new("bash").args(["-c", &script]).assert().code(0).stderr("");
    }
}
