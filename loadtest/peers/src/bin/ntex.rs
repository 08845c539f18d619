//! ntex with one worker, on tokio.

use ntex::util::Bytes;
use ntex::web::types::{Path, PayloadConfig};
use ntex::web::{App, HttpResponse, HttpServer, get, post};
use peers::{BINARY, HTML, MOST, TEXT};

#[ntex::main]
async fn main() -> std::io::Result<()> {
    let app = async || {
        App::new().state(PayloadConfig::new(MOST)).service((nothing, text, bytes, delay, echo))
    };
    // the default limits on connections are below the number held here
    let server = HttpServer::new(app).workers(1).maxconn(1 << 20).backlog(4096);
    server.bind(peers::address())?.run().await
}

#[get("/status/200")]
async fn nothing() -> HttpResponse {
    HttpResponse::Ok().content_type(HTML).finish()
}

#[get("/text")]
async fn text() -> HttpResponse {
    HttpResponse::Ok().content_type(HTML).body(TEXT)
}

#[get("/bytes/{count}")]
async fn bytes(count: Path<String>) -> HttpResponse {
    match peers::bytes(&count) {
        Some(bytes) => HttpResponse::Ok().content_type(BINARY).body(Bytes::from_static(bytes)),
        None => HttpResponse::BadRequest().finish(),
    }
}

#[get("/delay/{seconds}")]
async fn delay(seconds: Path<String>) -> HttpResponse {
    let Some(time) = peers::delay(&seconds) else { return HttpResponse::BadRequest().finish() };
    ntex::time::sleep(time).await;
    HttpResponse::Ok().content_type(HTML).finish()
}

#[post("/echo")]
async fn echo(body: Bytes) -> HttpResponse {
    HttpResponse::Ok().body(body)
}
