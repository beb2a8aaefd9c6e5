//! What the plugin lets through, and what not; alone, and on its socket.

mod cases;
mod common;
