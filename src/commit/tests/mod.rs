//! | file | what must hold |
//! |---|---|
//! | [`outcomes`] | a pod is assumed for exactly as long as its Binding may succeed, whatever the API server returns |
//! | [`takeover`] | no Binding of another process succeeds beside a conflicting one of ours, in any order of takeovers |
//! | [`interleavings`] | law 1 under any order of requests, responses, losses, watch events, crashes and takeovers |
//! | [`world`] | support: an API server with the preconditions of the real one; the test decides what happens when |

mod interleavings;
mod outcomes;
mod takeover;
mod world;
