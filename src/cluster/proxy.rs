//! Through which proxy a cluster is reached: as kubectl decides it.

use std::net::IpAddr;

use http::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use super::error::ConnectError;

/// What the environment variables say of proxies; `None` where one isn't set.
#[derive(Debug, Clone, Default)]
pub struct ProxyVariables {
    /// `HTTPS_PROXY`, or `https_proxy`: for servers with `https://`.
    pub https: Option<String>,
    /// `HTTP_PROXY`, or `http_proxy`: for servers with `http://`.
    pub http: Option<String>,
    /// `NO_PROXY`, or `no_proxy`: which servers are reached without; names, addresses and networks with commas between.
    pub none: Option<String>,
}

/// The proxy for a server, if it has one. The kubeconfig's own `proxy-url` holds whatever the variables say; they never hold for this
/// machine's own loopback interface.
///
/// # Errors
/// The proxy's URL isn't one that can be used. Its user and password aren't in the message.
pub(super) fn choose(own: Option<&str>, variables: &ProxyVariables, server: &Uri) -> Result<Option<Intercept>, ConnectError> {
    if let Some(own) = own.filter(|own| !own.is_empty()) {
        return usable(own, "the kubeconfig's `proxy-url`").map(Some);
    }
    let (said, name) = match server.scheme_str() {
        Some("http") => (&variables.http, "`HTTP_PROXY`"),
        _ => (&variables.https, "`HTTPS_PROXY`"),
    };
    let Some(said) = said.as_deref().filter(|said| !said.is_empty()) else { return Ok(None) };
    if is_loopback(server) {
        return Ok(None);
    }
    let proxy = usable(said, name)?;
    let without = variables.none.as_deref().unwrap_or_default();
    let is_excepted = Matcher::builder().all(said).no(without).build().intercept(server).is_none();
    Ok((!is_excepted).then_some(proxy))
}

fn usable(url: &str, name: &str) -> Result<Intercept, ConnectError> {
    parse(url).ok_or_else(|| {
        let place = url.rsplit_once('@').map_or(url, |(_, place)| place);
        let scheme = url.split_once("://").map_or("http", |(scheme, _)| scheme);
        let place = place.split_once("://").map_or(place, |(_, place)| place);
        ConnectError::Kubeconfig(format!(
            "the proxy `{scheme}://{place}` can't be used; {name} takes `http://`, `https://` and `socks5://` with a host and a port"
        ))
    })
}

fn parse(url: &str) -> Option<Intercept> {
    let proxy = Matcher::builder().all(url).build().intercept(&Uri::from_static("https://kubernetes"))?;
    matches!(proxy.uri().scheme_str(), Some("http" | "https" | "socks5" | "socks5h")).then_some(proxy)
}

/// Whether a server is on this machine's loopback interface.
pub(super) fn is_loopback(server: &Uri) -> bool {
    let host = server.host().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(own: &str, https: &str, none: &str, server: &str) -> String {
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let variables = ProxyVariables { https: text(https), http: text("http://plain:1"), none: text(none) };
        match choose(text(own).as_deref(), &variables, &server.parse().unwrap()) {
            Ok(Some(proxy)) => proxy.uri().to_string(),
            Ok(None) => "direct".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn as_kubectl_decides() {
        let rows = [
            ("", "", "", "https://10.1.1.1:6443", "direct"),
            ("", "http://proxy:3128", "", "https://10.1.1.1:6443", "http://proxy:3128/"),
            ("", "proxy:3128", "", "https://10.1.1.1:6443", "http://proxy:3128/"),
            ("", "http://proxy:3128", "", "http://10.1.1.1:6443", "http://plain:1/"),
            // NO_PROXY is about the server, not about the proxy.
            ("", "http://proxy:3128", "10.0.0.0/8", "https://10.1.1.1:6443", "direct"),
            ("", "http://10.2.2.2:3128", "10.0.0.0/8", "https://192.168.1.1:6443", "http://10.2.2.2:3128/"),
            ("", "http://proxy:3128", "example.com,", "https://api.example.com", "direct"),
            ("", "http://proxy:3128", ",other.com", "https://api.example.com", "http://proxy:3128/"),
            ("", "http://proxy:3128", "*", "https://api.example.com", "direct"),
            // Nobody's proxy reaches this machine's loopback.
            ("", "http://proxy:3128", "", "https://127.0.0.1:6443", "direct"),
            ("", "http://proxy:3128", "", "https://127.8.0.1:6443", "direct"),
            ("", "http://proxy:3128", "", "https://[::1]:6443", "direct"),
            ("", "http://proxy:3128", "", "https://localhost:6443", "direct"),
            // What the kubeconfig names holds.
            ("socks5://own:1", "http://proxy:3128", "*", "https://127.0.0.1:6443", "socks5://own:1/"),
            ("https://u:p@own:1", "", "", "https://10.1.1.1", "https://own:1/"),
        ];
        for (own, https, none, server, wanted) in rows {
            assert_eq!(chosen(own, https, none, server), wanted, "{own} {https} {none} {server}");
        }
    }

    #[test]
    fn what_is_no_proxy_is_said_without_its_password() {
        for url in ["socks4://user:canary@own:1", "ftp://user:canary@own:1", "http://user:canary@", "http://user:can ary@own:1"] {
            let said = chosen(url, "", "", "https://10.1.1.1");
            assert!(said.contains("can't be used") && !said.contains("canary") && !said.contains("ary"), "{said}");
            let said = chosen("", url, "", "https://10.1.1.1");
            assert!(said.contains("`HTTPS_PROXY`") && !said.contains("canary") && !said.contains("ary"), "{said}");
        }
    }
}
