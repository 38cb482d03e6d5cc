//! What stands where an API server should.

use crate::bundle::{Bundle, ENVIRONMENT};
use crate::harness::process::Run;
use crate::server::cluster;
use crate::weather::{BadServer, Weather};

/// What has to be said of it.
fn named(weather: Weather) -> &'static str {
    match weather {
        Weather::Nobody => "refused",
        Weather::Silent => "no connection in 5 seconds",
        Weather::Slow => "no answer in 30 seconds",
        Weather::WrongCertificate => "certificate",
        Weather::Unauthorized => "log in",
        Weather::Forbidden => "the right that is missing",
        Weather::InternalError => "etcdserver: no leader",
        Weather::Unavailable => "currently unable",
        Weather::TooManyRequests => "too many requests",
        Weather::Garbage | Weather::LoginPage => "JSON",
        Weather::HalfBody => "broke off",
        Weather::HalfHead => "connection",
    }
}

/// Nothing can be written through such a server: what counts is that it is said, and how it ends.
#[test]
fn a_server_that_is_none_is_exit_6_and_named() {
    let ask = |weather: Weather, command: &'static str| -> (Run, usize) {
        let server = BadServer::start(cluster(), weather);
        let bundle = Bundle::new("weather", server.kubeconfig());
        let arguments: &[&str] = if command == "apply" { &["apply", ENVIRONMENT, "--yes"] } else { &[command, ENVIRONMENT] };
        (bundle.plimsoll(arguments), server.connections())
    };
    // Side by side: a server that never answers is given up after a while, and nothing runs meanwhile.
    let runs: Vec<(Weather, (Run, usize))> = std::thread::scope(|scope| {
        let each = |weather| ["diff", "apply"].map(|command| scope.spawn(move || (weather, ask(weather, command))));
        let started: Vec<_> = Weather::ALL.into_iter().flat_map(each).collect();
        started.into_iter().map(|run| run.join().expect("a run")).collect()
    });
    // Each silence costs somebody's time.
    for (weather, (run, connections)) in &runs {
        if matches!(weather, Weather::Silent | Weather::Slow) {
            assert_eq!(*connections, 2, "{weather:?}, {}", run.command);
        }
    }
    let runs: Vec<(Weather, Run)> = runs.into_iter().map(|(weather, (run, _))| (weather, run)).collect();
    let wrong: Vec<String> = runs
        .iter()
        .filter(|(weather, run)| run.code != Some(6) || !run.err().contains(named(*weather)) || run.err().contains("panicked"))
        .map(|(weather, run)| format!("{weather:?}, {}: exit {:?}\n{}", run.command, run.code, run.said()))
        .collect();
    println!("bad servers: {} kinds, {} runs", Weather::ALL.len(), runs.len());
    println!(
        "| bad servers | diff and apply, 13 kinds | {} | {} | {} failed; exit 6, named |",
        runs.len(),
        runs.len(),
        wrong.len()
    );
    for (weather, run) in &runs {
        println!("{weather:?}: {}", run.err().trim_end());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
