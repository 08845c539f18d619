//! Layer 0: values and data structures that use no network and read no clock.

pub mod buf;
pub mod duration;
pub mod go_rand;
pub mod limits;
pub mod random;
pub mod slab;
pub mod time;
pub mod wheel;
