//! actix-web with one worker.

use actix_web::web::{Bytes, Path, PayloadConfig};
use actix_web::{App, HttpResponse, HttpServer, get, post, rt};
use peers::{BINARY, HTML, MOST, TEXT};

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let app = || {
        App::new().app_data(PayloadConfig::new(MOST)).service((nothing, text, bytes, delay, echo))
    };
    // the default limits on connections are below the number held here
    let server = HttpServer::new(app).workers(1).max_connections(1 << 20).backlog(4096);
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
        Some(bytes) => HttpResponse::Ok().content_type(BINARY).body(bytes),
        None => HttpResponse::BadRequest().finish(),
    }
}

#[get("/delay/{seconds}")]
async fn delay(seconds: Path<String>) -> HttpResponse {
    let Some(time) = peers::delay(&seconds) else { return HttpResponse::BadRequest().finish() };
    rt::time::sleep(time).await;
    HttpResponse::Ok().content_type(HTML).finish()
}

#[post("/echo")]
async fn echo(body: Bytes) -> HttpResponse {
    HttpResponse::Ok().body(body)
}
