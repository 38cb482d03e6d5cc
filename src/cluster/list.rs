//! Objects read from the server.

use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::client::{Answer, Cluster};
use super::discovery::{Resource, encode};
use super::error::{ClusterError, ErrorKind};
use super::live::Live;
use super::request::{Ask, Call};

/// How many objects one page has.
const PAGE: usize = 500;

/// All objects of a LIST, of one moment.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The objects.
    pub items: Vec<Live>,
    /// The moment: a watch goes on from here.
    pub resource_version: String,
}

#[derive(Deserialize)]
struct Page<'a> {
    metadata: PageMetadata,
    #[serde(default)]
    #[serde(borrow)]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageMetadata {
    #[serde(default)]
    resource_version: String,
    #[serde(default, rename = "continue")]
    next: String,
}

impl Cluster {
    /// All objects of a kind, in one namespace or in all, page by page; with a label selector those that it selects. If a page's token
    /// is too old by then, the LIST begins anew, once.
    ///
    /// # Errors
    /// A page doesn't come.
    pub async fn list(
        &self,
        resource: &Arc<Resource>,
        namespace: Option<&str>,
        selector: Option<&str>,
    ) -> Result<Listed, ClusterError> {
        match self.pages(resource, namespace, selector).await {
            Err(error) if error.kind == ErrorKind::Expired => self.pages(resource, namespace, selector).await,
            result => result,
        }
    }

    async fn pages(
        &self,
        resource: &Arc<Resource>,
        namespace: Option<&str>,
        selector: Option<&str>,
    ) -> Result<Listed, ClusterError> {
        let doing = match namespace.filter(|_| resource.namespaced) {
            Some(namespace) => format!("list {} in namespace {namespace}", resource.full_name()),
            None => format!("list {}", resource.full_name()),
        };
        let selector = selector.map(|selector| format!("&labelSelector={}", encode(selector))).unwrap_or_default();
        let mut items = Vec::new();
        let mut next = String::new();
        loop {
            let token = if next.is_empty() { String::new() } else { format!("&continue={}", encode(&next)) };
            let path = format!("{}?limit={PAGE}{selector}{token}", resource.path(namespace, None));
            let read = |answer: Answer| read_page(resource, answer.bytes());
            let (found, page) = self.ask_for(Call::List, &doing, &Ask::get(path), read).await?;
            items.extend(found);
            next = page.next;
            if next.is_empty() {
                return Ok(Listed { items, resource_version: page.resource_version });
            }
        }
    }

    /// One object; `None` if it isn't there.
    ///
    /// # Errors
    /// Anything else that keeps it from being read.
    pub async fn get(&self, resource: &Arc<Resource>, namespace: Option<&str>, name: &str) -> Result<Option<Live>, ClusterError> {
        let doing = describe("read", resource, namespace, name);
        match self.ask(Call::Get, &doing, &Ask::get(resource.path(namespace, Some(name)))).await {
            Ok(answer) => Ok(Live::new(resource.clone(), answer.bytes().clone())),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The JSON at a path of the API that is no object: `/version`.
    ///
    /// # Errors
    /// It doesn't come.
    pub async fn get_path(&self, path: &str) -> Result<Value, ClusterError> {
        let doing = format!("read {path}");
        self.ask(Call::Get, &doing, &Ask::get(path)).await?.json(&doing)
    }
}

/// The objects of a page, which share its bytes, and what it says of itself.
fn read_page(resource: &Arc<Resource>, body: &Bytes) -> Result<(Vec<Live>, PageMetadata), serde_json::Error> {
    let page: Page<'_> = serde_json::from_slice(body)?;
    let items = page.items.into_iter().flatten();
    let items = items.filter_map(|raw| Live::new(resource.clone(), body.slice_ref(raw.get().as_bytes()))).collect();
    Ok((items, page.metadata))
}

/// `patch deployments.apps "web" in namespace shop`.
pub(super) fn describe(verb: &str, resource: &Resource, namespace: Option<&str>, name: &str) -> String {
    let place =
        namespace.filter(|_| resource.namespaced).map(|namespace| format!(" in namespace {namespace}")).unwrap_or_default();
    format!("{verb} {} `{name}`{place}", resource.full_name())
}
