//! The configuration as an operator sees it: every source, every row, every mistake.

mod ask;
mod commands;
mod go;
mod mistakes;
mod rows;
mod sources;
