//! Layer 0: what knows no network and reads no clock.

pub mod buf;
pub mod go_rand;
pub mod limits;
pub mod random;
pub mod slab;
pub mod time;
pub mod wheel;
