//! The outcome as a picture: nodes as boxes zone by zone, PEs inside, traffic as lines, PEs that wait below.
//!
//! The picture is one file without scripts and without fonts of its own. It has a background of its own, for light and dark
//! viewers.

mod layout;
mod picture;
mod sheet;

pub(super) use self::picture::draw;
