//! hyper on one thread of tokio.

use http_body_util::{Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use peers::{Asked, BINARY, HTML, TEXT};
use std::convert::Infallible;

type Answer = Response<Either<Full<Bytes>, Incoming>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let socket = tokio::net::TcpSocket::new_v4()?;
    socket.bind(peers::address())?;
    let listener = socket.listen(4096)?;
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        stream.set_nodelay(true)?;
        let mut protocol = http1::Builder::new();
        let served = protocol.pipeline_flush(true);
        // a client that goes away is an error of its connection only
        tokio::spawn(served.serve_connection(TokioIo::new(stream), service_fn(answer)));
    }
}

async fn answer(request: Request<Incoming>) -> Result<Answer, Infallible> {
    Ok(match peers::asked(request.uri().path()) {
        Some(Asked::Nothing) => whole(HTML, Bytes::new()),
        Some(Asked::Text) => whole(HTML, Bytes::from_static(TEXT.as_bytes())),
        Some(Asked::Bytes(bytes)) => whole(BINARY, Bytes::from_static(bytes)),
        Some(Asked::Delay(time)) => {
            tokio::time::sleep(time).await;
            whole(HTML, Bytes::new())
        }
        Some(Asked::Echo) => Response::new(Either::Right(request.into_body())),
        None => {
            let mut missing = whole(HTML, Bytes::new());
            *missing.status_mut() = StatusCode::NOT_FOUND;
            missing
        }
    })
}

fn whole(kind: &'static str, bytes: Bytes) -> Answer {
    let mut answer = Response::new(Either::Left(Full::new(bytes)));
    answer.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(kind));
    answer
}
