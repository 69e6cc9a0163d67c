//! The thread that starts children, so that none outlives this process.
//!
//! A child asks the kernel for SIGKILL at its parent's death; that is the only thing that works when the parent itself
//! is killed. The kernel takes the parent **thread** for the parent, so children are started on one thread that lives
//! as long as the process, and not on the thread of a test.

use std::ffi::OsStr;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::{LazyLock, mpsc};

/// A command to start, and where to answer.
type Order = (Command, mpsc::Sender<(Command, io::Result<Child>)>);

static KEEPER: LazyLock<mpsc::Sender<Order>> = LazyLock::new(|| {
    let (orders, inbox) = mpsc::channel::<Order>();
    std::thread::spawn(move || {
        for (mut command, answer) in inbox {
            let started = command.spawn();
            // whoever ordered may have gone; the child is then dropped, and ends with this process
            drop(answer.send((command, started)));
        }
    });
    orders
});

/// A command that the kernel ends with this process. It runs in a process group of its own: a Ctrl-C at the terminal
/// is for us, who end our children in order.
pub(crate) fn bound_to_us(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]);
    // the shell closes the gap before setpriv's wish is heard: if we died in it, the parent is another one by now
    command.args(["sh", "-c", r#"[ "$PPID" = "$0" ] && exec "$@""#]).arg(std::process::id().to_string());
    command.arg(program).stdin(Stdio::null()).process_group(0);
    command
}

/// Starts a command on the keeper's thread; gives it back for the next start.
///
/// # Errors
///
/// Fails when the command cannot be started.
pub(crate) fn start(command: Command) -> io::Result<(Command, Child)> {
    let (answer, answered) = mpsc::channel();
    KEEPER.send((command, answer)).map_err(|gone| io::Error::other(gone.to_string()))?;
    let (command, started) = answered.recv().map_err(io::Error::other)?;
    Ok((command, started?))
}
