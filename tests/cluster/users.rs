//! The users of the test cluster are what other tests take them for.

use crate::harness::child::Program;
use crate::server::{Cluster, cluster};

#[test]
fn each_context_of_the_kubeconfig_is_that_user() {
    let cluster = cluster();
    let users = ["admin", "deployer", "reviewer", "stranger"];
    for user in users {
        let who = ["--context", user, "auth", "whoami", "-o", "jsonpath={.status.userInfo.username}"];
        assert_eq!(cluster.kubectl_says(&who), user);
        let kubectl = Program::new(cluster.kubectl()).args(["--kubeconfig"]).args([cluster.kubeconfig()]);
        let can = kubectl.args(["--context", user, "auth", "can-i", "get", "secrets", "-A"]).run();
        assert_eq!(can.out().trim(), if user == "admin" { "yes" } else { "no" }, "{user}");
    }
    println!("{} users are who their context says, and only admin has rights", users.len());
}

#[test]
fn a_proxy_can_show_the_servers_certificate() {
    let (certificate, key) = cluster().certificate();
    let read = |path: &std::path::Path| std::fs::read_to_string(path).unwrap();
    for (text, start) in [
        (cluster().ca().to_owned(), "-----BEGIN CERTIFICATE"),
        (read(&certificate), "-----BEGIN CERTIFICATE"),
        (read(&key), "-----BEGIN EC PRIVATE KEY"),
    ] {
        assert!(text.starts_with(start), "{text}");
    }
}

#[test]
fn an_api_server_of_a_tests_own_can_be_killed_and_started() {
    let own = Cluster::start();
    let map = r#"{"metadata": {"name": "kept"}}"#;
    own.send("POST", "/api/v1/namespaces/default/configmaps", "application/json", map).unwrap();
    own.kill_api_server();
    let error = own.send("GET", "/version", "application/json", "").unwrap_err();
    assert!(!error.starts_with(|first: char| first.is_ascii_digit()), "nobody answers: {error}");
    own.start_api_server();
    assert_eq!(own.get("/api/v1/namespaces/default/configmaps/kept")["metadata"]["name"], "kept");
    let folder = own.folder().to_owned();
    drop(own);
    assert!(!folder.exists(), "its folder goes with it");
}
