//! A line between two programs that can be switched over, slow, or frozen.
//!
//! Bytes are passed on as they are. What a client has sent arrives, even if the client is dead by then: as on a real
//! network, and unlike on loopback, where nothing is ever on its way for long.
#![expect(clippy::unwrap_used, reason = "a lock is poisoned only where another thread has failed")]

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep, sleep_until};

use super::ports::free_address;

/// How a question of kube-scheduler to bind a pod begins.
const BIND: &[u8] = b"POST /extender/bind ";
/// How a piece of TLS that is no handshake begins.
const APPLICATION_DATA: u8 = 0x17;
/// How long a server may take for what it has received after its client is gone.
const LINGER: Duration = Duration::from_secs(1);

/// How long what is sent next is on its way.
type Delay = Box<dyn FnMut() -> Duration + Send>;

/// A line that can be switched over, slow, or frozen; it ends when it is dropped.
pub(crate) struct Relay {
    address: SocketAddr,
    line: Arc<Line>,
    task: JoinHandle<()>,
}

struct Line {
    target: Mutex<SocketAddr>,
    delay: Mutex<Option<Delay>>,
    /// Changes when present connections have to end.
    cuts: watch::Sender<()>,
    /// How often present connections were frozen.
    freezes: AtomicU64,
    /// Binds that kube-scheduler has asked for and that are not answered.
    binds: watch::Sender<usize>,
}

impl Relay {
    /// A line to a server, at an address of its own.
    ///
    /// # Errors
    ///
    /// Fails when there is no free address.
    #[expect(clippy::disallowed_methods, reason = "the task ends with the value that holds it")]
    pub(crate) async fn start(target: SocketAddr) -> Result<Self> {
        let address = free_address()?;
        let listener = TcpListener::bind(address).await?;
        let (cuts, binds) = (watch::Sender::new(()), watch::Sender::new(0));
        let freezes = AtomicU64::new(0);
        let line = Arc::new(Line { target: Mutex::new(target), delay: Mutex::new(None), cuts, freezes, binds });
        let task = tokio::spawn(Arc::clone(&line).serve(listener));
        Ok(Self { address, line, task })
    }

    /// Where clients connect.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends the connections that there are, and leads to another server from now on.
    pub(crate) fn switch(&self, target: SocketAddr) {
        *self.line.target.lock().unwrap() = target;
        self.line.cuts.send_replace(());
    }

    /// Delays what clients send over TLS from now on; what is on its way already keeps its time.
    pub(crate) fn delay(&self, delay: Option<Delay>) {
        *self.line.delay.lock().unwrap() = delay;
    }

    /// Freezes the connections that there are: they stay open and pass nothing any more, in either direction. New ones pass.
    pub(crate) fn freeze(&self) {
        self.line.freezes.fetch_add(1, Ordering::Relaxed);
    }

    /// Binds that kube-scheduler has asked for and that are not answered.
    pub(crate) fn binds(&self) -> watch::Receiver<usize> {
        self.line.binds.subscribe()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Line {
    async fn serve(self: Arc<Self>, listener: TcpListener) {
        let mut connections = JoinSet::new();
        while let Ok((client, _)) = listener.accept().await {
            while connections.try_join_next().is_some() {}
            connections.spawn(Arc::clone(&self).pass(client));
        }
    }

    /// One connection. Where the server is gone it ends, as it would without us.
    async fn pass(self: Arc<Self>, client: TcpStream) {
        let mut cuts = self.cuts.subscribe();
        let frozen = Frozen { freezes: &self.freezes, at_start: self.freezes.load(Ordering::Relaxed) };
        let target = *self.target.lock().unwrap();
        let Ok(server) = TcpStream::connect(target).await else { return };
        let (from_client, to_client) = client.into_split();
        let (from_server, mut to_server) = server.into_split();
        let (on_its_way, arriving) = mpsc::unbounded_channel();
        let question = Question { binds: &self.binds, is_open: AtomicBool::new(false) };
        let sent = async {
            tokio::join!(self.take(from_client, on_its_way, &question, &frozen), deliver(arriving, &mut to_server));
            // a server that sees the end of its client at once drops what it has begun
            sleep(LINGER).await;
        };
        tokio::select! {
            () = sent => {}
            () = answer(from_server, to_client, &question, &frozen) => {}
            _ = cuts.changed() => {}
        }
    }

    async fn take(
        &self,
        mut client: OwnedReadHalf,
        on_its_way: mpsc::UnboundedSender<(Instant, Vec<u8>)>,
        question: &Question<'_>,
        frozen: &Frozen<'_>,
    ) {
        while let Some(bytes) = read(&mut client).await {
            frozen.hold().await;
            if bytes.starts_with(BIND) {
                question.open();
            }
            let mut is_arriving = Instant::now();
            if bytes.first() == Some(&APPLICATION_DATA)
                && let Some(delay) = &mut *self.delay.lock().unwrap()
            {
                is_arriving += delay();
            }
            if on_its_way.send((is_arriving, bytes)).is_err() {
                return;
            }
        }
    }
}

/// Whether a connection has been frozen since it began.
struct Frozen<'a> {
    freezes: &'a AtomicU64,
    at_start: u64,
}

impl Frozen<'_> {
    /// Returns at once, or never.
    async fn hold(&self) {
        if self.freezes.load(Ordering::Relaxed) > self.at_start {
            std::future::pending::<()>().await;
        }
    }
}

/// A question to bind a pod, as long as it is not answered.
struct Question<'a> {
    binds: &'a watch::Sender<usize>,
    is_open: AtomicBool,
}

impl Question<'_> {
    fn open(&self) {
        if !self.is_open.swap(true, Ordering::Relaxed) {
            self.binds.send_modify(|binds| *binds += 1);
        }
    }

    fn close(&self) {
        if self.is_open.swap(false, Ordering::Relaxed) {
            self.binds.send_modify(|binds| *binds -= 1);
        }
    }
}

impl Drop for Question<'_> {
    fn drop(&mut self) {
        self.close();
    }
}

async fn deliver(mut arriving: mpsc::UnboundedReceiver<(Instant, Vec<u8>)>, server: &mut OwnedWriteHalf) {
    while let Some((is_arriving, bytes)) = arriving.recv().await {
        sleep_until(is_arriving).await;
        if server.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

async fn answer(mut server: OwnedReadHalf, mut client: OwnedWriteHalf, question: &Question<'_>, frozen: &Frozen<'_>) {
    while let Some(bytes) = read(&mut server).await {
        frozen.hold().await;
        question.close();
        // a client that is gone is no reason to stop reading: the server would notice
        drop(client.write_all(&bytes).await);
    }
}

async fn read(from: &mut OwnedReadHalf) -> Option<Vec<u8>> {
    let mut bytes = vec![0; 16 << 10];
    let length = from.read(&mut bytes).await.ok().filter(|length| *length > 0)?;
    bytes.truncate(length);
    Some(bytes)
}
