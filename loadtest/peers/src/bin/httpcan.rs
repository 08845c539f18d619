//! httpcan, a published server, by its library: its program listens on every address.
//!
//! It runs one worker per available core, which is one, and writes no log, since none is initialized.

use httpcan::HttpCanServer;

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let address = peers::address();
    let server = HttpCanServer::new().host(address.ip().to_string()).port(address.port());
    server.max_bytes(peers::MOST).run().await
}
