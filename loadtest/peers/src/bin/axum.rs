//! axum on one thread of tokio.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::Html;
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use peers::{BINARY, TEXT};

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let app = Router::new()
        .route("/status/200", get(async || Html("")))
        .route("/text", get(async || Html(TEXT)))
        .route("/bytes/{count}", get(bytes))
        .route("/delay/{seconds}", get(delay))
        .route("/echo", post(async |request: Request| -> Body { request.into_body() }));
    let socket = tokio::net::TcpSocket::new_v4()?;
    socket.bind(peers::address())?;
    let listener = socket.listen(4096)?.tap_io(|stream| drop(stream.set_nodelay(true)));
    axum::serve(listener, app).await
}

async fn bytes(
    Path(count): Path<String>,
) -> Result<([(axum::http::HeaderName, &'static str); 1], Bytes), StatusCode> {
    let bytes = peers::bytes(&count).ok_or(StatusCode::BAD_REQUEST)?;
    Ok(([(CONTENT_TYPE, BINARY)], Bytes::from_static(bytes)))
}

async fn delay(Path(seconds): Path<String>) -> Result<Html<&'static str>, StatusCode> {
    tokio::time::sleep(peers::delay(&seconds).ok_or(StatusCode::BAD_REQUEST)?).await;
    Ok(Html(""))
}
