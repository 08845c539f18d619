//! Layer 0: values and data structures that use no network and read no clock.

pub mod buf;
pub mod duration;
pub mod go_rand;
pub mod histogram;
pub mod last_minute;
pub mod limits;
pub mod number;
pub mod pattern;
pub mod random;
pub mod size;
pub mod slab;
pub mod sort;
pub mod text;
pub mod time;
pub mod wheel;
