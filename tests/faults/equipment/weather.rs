//! Bad servers, as a plain client meets them.

use std::time::Duration;

use serde_json::Value;

use crate::server::{cluster, run};
use crate::weather::{BadServer, Weather};

/// What a client hears: a code, `unreadable` (an answer that is none), `broken` (no answer), `silent` (nothing in a while).
fn heard(server: &BadServer, is_silent: bool) -> String {
    let client = cluster().client_at(server.server(), "admin");
    let request = http::Request::get("/api/v1/namespaces").header("Accept", "application/json").body(Vec::new());
    // Long enough for a busy machine where an answer must come, short where none may.
    let patience = Duration::from_secs(if is_silent { 1 } else { 60 });
    let asked = async { tokio::time::timeout(patience, client.request::<Value>(request.expect("a request"))).await };
    match run(asked) {
        Err(_) => "silent".to_owned(),
        Ok(Ok(_)) => "an answer".to_owned(),
        Ok(Err(kube::Error::Api(status))) => status.code.to_string(),
        Ok(Err(kube::Error::SerdeError(_) | kube::Error::FromUtf8(_))) => "unreadable".to_owned(),
        Ok(Err(error)) => format!("broken: {error:?}"),
    }
}

#[test]
fn each_is_as_bad_as_its_name() {
    for weather in Weather::ALL {
        let server = BadServer::start(cluster(), weather);
        let expected = match weather {
            Weather::Nobody | Weather::WrongCertificate | Weather::HalfBody | Weather::HalfHead => "broken",
            Weather::Silent | Weather::Slow => "silent",
            Weather::Unauthorized => "401",
            Weather::Forbidden => "403",
            Weather::InternalError => "500",
            Weather::Unavailable => "503",
            Weather::TooManyRequests => "429",
            Weather::Garbage | Weather::LoginPage => "unreadable",
        };
        let heard = heard(&server, expected == "silent");
        assert!(heard.starts_with(expected), "{weather:?}: {heard}");
        if weather == Weather::WrongCertificate {
            assert!(heard.contains("UnknownIssuer"), "{heard}");
        }
        let kubeconfig = std::fs::read_to_string(server.kubeconfig()).expect("a kubeconfig");
        assert!(kubeconfig.contains(server.server()) && kubeconfig.contains("current-context: admin"), "{kubeconfig}");
    }
}
