//! Connections there is no room for.

use std::sync::{Arc, mpsc};

use loiter::base::time::Time;
use loiter::http::app::App;
use loiter::proto::conn::Protocol;
use loiter::server::sim::{Client, Faults, Link, Sim};
use loiter::server::worker::{Listener, Worker, WorkerConfig};

/// Closes its side after a while.
#[derive(Debug)]
struct Silent {
    acts: u32,
}

impl Client for Silent {
    fn act(&mut self, now: Time, link: &mut Link) -> Time {
        self.acts += 1;
        match self.acts {
            1 => return now.after_us(1000),
            2 => link.finish(),
            _ => _ = link.receive(1000),
        }
        Time::NEVER
    }
}

/// The raw echo has no words for a refusal: such a connection is closed, and takes no place.
#[test]
fn a_refused_echo_is_not_served() {
    for (protocol, connections) in [(Protocol::Echo, 1), (Protocol::Http, 5)] {
        let (commands, inbox) = mpsc::channel();
        let faults = Faults {
            short_read_is_all: true,
            error_one_in: 0,
            pipe_bytes: 1000,
            descriptors: 1000,
            jump_one_in: 0,
            drain: None,
        };
        let clients = (0..5).map(|_| (Time::START, Silent { acts: 0 })).collect();
        let sim = Sim::new(1, faults, clients, commands);
        let config = WorkerConfig {
            app: Arc::new(App::default()),
            capacity: 100,
            refusals: 4,
            lapse: None,
            max_per_ip: Some(1),
            per_ip: Arc::default(),
            sink: None,
        };
        let listener = Listener::new(Some(protocol), "a:1", false);
        let (stats, _) = Worker::new(sim, config, vec![listener], inbox, 1).run();
        assert_eq!((stats.connections, stats.leaked), (connections, 0), "{protocol:?}");
    }
}
