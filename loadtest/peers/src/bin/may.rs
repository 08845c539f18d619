//! may_minihttp with one worker. It does not close connections on request, so it is left out of
//! `close`.

use may_minihttp::{HttpServer, HttpService, Request, Response};
use peers::{Asked, TEXT};
use std::io::{self, Read};

#[derive(Clone)]
struct Service;

impl HttpService for Service {
    fn call(&mut self, request: Request, answer: &mut Response) -> io::Result<()> {
        let asked = peers::asked(request.path());
        if !matches!(asked, None | Some(Asked::Bytes(_) | Asked::Echo)) {
            answer.header("Content-Type: text/html; charset=utf-8");
        }
        match asked {
            Some(Asked::Nothing) => {}
            Some(Asked::Text) => answer.body(TEXT),
            Some(Asked::Bytes(bytes)) => {
                answer.header("Content-Type: application/octet-stream");
                answer.body_mut().extend_from_slice(bytes);
            }
            Some(Asked::Delay(time)) => may::coroutine::sleep(time),
            Some(Asked::Echo) => {
                let mut body = Vec::new();
                request.body().read_to_end(&mut body)?;
                answer.body_vec(body);
            }
            None => {
                answer.status_code(404, "Not Found");
            }
        }
        Ok(())
    }
}

fn main() {
    may::config().set_workers(1);
    let server = HttpServer(Service).start(peers::address()).expect("it listens");
    server.join().expect("it runs until it is killed");
}
