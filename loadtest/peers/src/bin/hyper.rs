//! hyper on one thread of tokio, over TLS with rustls. usage: hyper PORT [http1 | http2 [CERTIFICATE KEY]]

use http_body_util::{Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use peers::{Asked, BINARY, HTML, TEXT};
use std::convert::Infallible;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

type Answer = Response<Either<Full<Bytes>, Incoming>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let socket = tokio::net::TcpSocket::new_v4()?;
    socket.bind(peers::address())?;
    let listener = socket.listen(4096)?;
    let http2 = std::env::args().nth(2).is_some_and(|version| version == "http2");
    let acceptor = acceptor(http2);
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        stream.set_nodelay(true)?;
        match acceptor.clone() {
            Some(acceptor) => drop(tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    serve(stream, http2).await;
                }
            })),
            None => drop(tokio::spawn(serve(stream, http2))),
        }
    }
}

/// From the certificate and the key of the arguments, if there are any.
fn acceptor(http2: bool) -> Option<TlsAcceptor> {
    let (certificate, key) = (std::env::args().nth(3)?, std::env::args().nth(4)?);
    let chain = vec![CertificateDer::from_pem_file(certificate).expect("a certificate")];
    let key = PrivateKeyDer::from_pem_file(key).expect("a key");
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("a pair");
    config.alpn_protocols = vec![if http2 { b"h2".to_vec() } else { b"http/1.1".to_vec() }];
    config.ticketer = tokio_rustls::rustls::crypto::ring::Ticketer::new().ok()?;
    Some(TlsAcceptor::from(Arc::new(config)))
}

/// A client that goes away is an error of its connection only.
async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, http2: bool) {
    let (stream, service) = (TokioIo::new(stream), service_fn(answer));
    if http2 {
        let mut protocol = http2::Builder::new(TokioExecutor::new());
        let served = protocol.max_concurrent_streams(1 << 20).serve_connection(stream, service);
        drop(served.await);
    } else {
        let mut protocol = http1::Builder::new();
        drop(protocol.pipeline_flush(true).serve_connection(stream, service).await);
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
