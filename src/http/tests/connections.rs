use std::io::Read as _;
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use super::{Answering, Connections};

/// A connection: the side of the caller, and that of the server.
fn connection(listener: &TcpListener) -> (TcpStream, TcpStream) {
    let caller = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    caller.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    (caller, listener.accept().unwrap().0)
}

/// True where the server has closed the connection.
fn is_closed(caller: &mut TcpStream) -> bool {
    matches!(caller.read(&mut [0]), Ok(0))
}

#[test]
fn the_oldest_connection_without_a_request_is_closed_for_a_new_one() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let connections = Connections::new(3);
    let mut callers = Vec::new();
    let mut kept = Vec::new();
    for _ in 0..3 {
        let (caller, server) = connection(&listener);
        callers.push(caller);
        kept.push((connections.register(server.try_clone().unwrap()), server));
    }
    // The first has asked and is idle, the second is being answered, the third has never asked.
    drop(Answering::begin(kept[0].0.clone()));
    let answering = Answering::begin(kept[1].0.clone());
    let next = || {
        let (caller, server) = connection(&listener);
        (connections.register(server.try_clone().unwrap()), server, caller)
    };
    let states = |callers: &mut [TcpStream]| callers.iter_mut().map(is_closed).collect::<Vec<bool>>();
    let mut fourth = next();
    assert_eq!(states(&mut callers), [false, false, true]);
    let (fifth, ..) = next();
    assert!(is_closed(&mut fourth.2), "it has never asked either");
    let sixth = Answering::begin(fifth);
    let _seventh = next();
    assert_eq!(states(&mut callers), [true, false, true], "it has asked, and no other connection is idle");
    drop((answering, sixth));
}

#[test]
fn a_connection_that_ends_is_forgotten() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let connections = Connections::new(8);
    for _ in 0..100 {
        let (_caller, server) = connection(&listener);
        drop(connections.register(server));
    }
    assert!(connections.open().by_number.is_empty());
}
